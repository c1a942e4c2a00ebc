export const listContainers = 1;

/** Of this release; also the user agent's. Kept equal to package.json by a test. */
export const version = '0.1.0';

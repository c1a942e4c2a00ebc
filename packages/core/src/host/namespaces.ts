/** Network namespaces that no process has to hold, as ip-netns(8) makes them. */
export interface Namespaces {
  /** Make a network namespace with `lo` up, held by a bind mount on `path`. The file and its directory are made. */
  createNetwork(path: string): Promise<void>;
  /** Let go of it and remove the file; processes inside keep it. Idempotent. */
  removeNetwork(path: string): Promise<void>;
}

/** A process that cannot be confused with a later one of the same pid: proc(5) stat field 22 and the boot id. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks after boot. */
  readonly startTime: number;
  readonly bootId: string;
}

export interface Processes {
  /** Identity of a pid now; `undefined` when there is no such process. */
  identify(pid: number): ProcessId | undefined;
  /** This process. */
  readonly self: ProcessId;
  /** Is exactly this process alive (zombies are not)? */
  alive(process: ProcessId): boolean;
  /** Signal exactly this process, by pidfd where the kernel has it. False when it is gone. */
  kill(process: ProcessId, signal: number): boolean;
}

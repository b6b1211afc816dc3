/** Exit codes of sysexits.h that Waggle uses (interface.md, Commands). `verify` and `audit` have their own 1 and 2. */
export const EXIT = {
  ok: 0,
  /** An answer that is "no": numbers that differ, findings. */
  different: 1,
  usage: 64,
  data: 65,
  noInput: 66,
  unreachable: 69,
  bug: 70,
  /** A disk failed, or what it gave back is damaged. */
  disk: 74,
  tryAgain: 75,
  permission: 77,
  configuration: 78,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;

/** Something in a record that is not as its rules say (codes: docs of `waggle audit`). The record is kept as it is. */
export interface Finding {
  readonly session: string;
  readonly code: FindingCode;
  /** The file, model or proposal it is about. */
  readonly subject: string;
  readonly detail: string;
}

export type FindingCode =
  | 'CONTAINER_FORM'
  | 'DUPLICATE_BALLOT'
  | 'DUPLICATE_ENTRY'
  | 'ELIGIBLE_NO_VOTE'
  | 'FILENAME_MISMATCH'
  | 'ID_FORM'
  | 'INCOMPLETE_BALLOT'
  | 'INVALID_CHOICE'
  | 'NON_BALLOT_FILE'
  | 'NOT_ELIGIBLE'
  | 'TEXT_FORM'
  | 'UNKNOWN_PROPOSAL'
  | 'VETO_WEIGHT';

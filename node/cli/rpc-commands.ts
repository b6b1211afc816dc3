/** The command that does what a method does: hints of a daemon name methods, people type commands. */
const COMMANDS: ReadonlyMap<string, string> = new Map([
  ['node_status', 'waggle status'],
  ['node_peers', 'waggle status --cluster'],
  ['chain_genesis', 'waggle genesis'],
  ['chain_head', 'waggle chain head'],
  ['chain_getBlock', 'waggle chain block'],
  ['chain_getSegment', 'waggle chain segment'],
  ['chain_getChains', 'waggle chain chains'],
  ['chain_getCheckpoint', 'waggle chain checkpoint'],
  ['chain_getEpochs', 'waggle chain epochs'],
  ['session_open', 'waggle session open'],
  ['session_get', 'waggle session show'],
  ['session_list', 'waggle session list'],
  ['session_activate', 'waggle session activate'],
  ['session_close', 'waggle session close'],
  ['session_cancel', 'waggle session cancel'],
  ['session_extend', 'waggle session extend'],
  ['proposal_add', 'waggle proposal add'],
  ['proposal_get', 'waggle proposal show'],
  ['proposal_list', 'waggle proposal list'],
  ['ballot_submit', 'waggle ballot submit'],
  ['ballot_get', 'waggle ballot get'],
  ['ballot_list', 'waggle ballot list'],
  ['tally_get', 'waggle tally'],
  ['model_list', 'waggle model list'],
  ['model_get', 'waggle model show'],
  ['model_register', 'waggle model register'],
  ['model_update', 'waggle model update'],
  ['observer_admit', 'waggle invite'],
  ['observer_list', 'waggle observer list'],
  ['observer_remove', 'waggle observer remove'],
  ['network_get', 'waggle admin show'],
  ['operation_submit', 'waggle admin submit'],
  ['agent_status', 'waggle agent status'],
  ['agent_history', 'waggle agent history'],
  ['agent_findings', 'waggle agent findings'],
  ['space_list', 'waggle space list'],
  ['space_get', 'waggle space show'],
  ['space_create', 'waggle space create'],
]);

const METHOD = /\b[a-z]+_[a-z][A-Za-z]*\b/g;

/** A text of a daemon for people at a command line: methods become commands, what only a program can look at goes. */
export function forPeople(text: string): string {
  return text
    .split(/; ?/)
    .filter((clause) => !/\bdata\.|rpc\.discover/.test(clause))
    .join('; ')
    .replace(METHOD, (method) => COMMANDS.get(method) ?? method);
}

import { verify } from '../crypto/verify.ts';
import { createState } from '../governance/create.ts';
import { applyItem, closeAfter, closeDue } from '../governance/machine.ts';
import { encodeRow, TABLES } from '../governance/rows.ts';
import { GENESIS, ROSTER } from './fixtures/people.ts';
import { SCRIPT } from './fixtures/script.ts';
import { show } from './fixtures/show.ts';

/** A scripted run: items in, outcomes out, and every row of the state at the end. */
export function vectors(): unknown {
  const state = createState(GENESIS);
  const blocks = SCRIPT.map(({ timeMs, items }, index) => {
    const context = { height: index + 1, timeMs, roster: ROSTER, verify };
    closeDue(state, context);
    const outcomes = items.map((item) => {
      const { id, outcome, counted } = applyItem(state, context, item);
      return { ...item, id, outcome, counted };
    });
    closeAfter(state, context);
    const touched = TABLES.map(({ name }) => ({ table: name, keys: state[name].takeTouched() }));
    return { ...context, roster: undefined, verify: undefined, items: outcomes, touched };
  });
  const rows = TABLES.flatMap(({ name }) => {
    const entries = [...state[name].entries()].sort(([a], [b]) => (a < b ? -1 : 1));
    return entries.map(([key, row]) => ({ table: name, key, bytes: encodeRow(row) }));
  });
  const results = [...state.results.entries()].map(([, row]) => row);
  return show({ blocks, rows, results });
}

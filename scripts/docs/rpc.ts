import { costOf } from '../../node/rpc/costs.ts';
import { ERRORS } from '../../node/rpc/error-codes.ts';
import { RPC_LIMITS, RPC_RATES } from '../../node/rpc/limits.ts';
import type { Method, MethodScope } from '../../node/rpc/method.ts';
import { COMMON_ERRORS, errorsOf } from '../../node/rpc/method-errors.ts';
import { allMethods } from '../../node/rpc/methods/all.ts';
import { type JsonSchema, jsonSchemaOf } from '../../node/rpc/schema-words.ts';
import { readable as inUnits } from '../limits.ts';
import { type Field, fieldsOf, typeOf } from './fields.ts';
import { blocks, code, fence, GENERATED, json, type Page, table } from './markdown.ts';
import { ANSWERS, CALLING, costsText, SUBSCRIPTIONS, TYPES } from './rpc-prose.ts';
import { runExamples, type Shown } from './run-examples.ts';

const SCOPES: ReadonlyMap<MethodScope, string> = new Map<MethodScope, string>([
  [undefined, 'none on loopback'],
  ['caller', '`operator`, none with a signature'],
  ['operator', '`operator`'],
  ['admin', '`admin`'],
]);

/** Limits that a client meets; the others are between the node and its machine. */
const SHOWN_LIMITS = [
  'bodyBytesMax',
  'batchMax',
  'depthMax',
  'elementsMax',
  'idBytesMax',
  'answerBytesMax',
  'pageMax',
  'pageDefault',
  'headersTimeoutMs',
  'bodyTimeoutMs',
  'connectionsMax',
  'inFlightMax',
  'heavyReadsMax',
  'voterQueueMax',
  'socketsMax',
  'socketCallsMax',
  'subscriptionsMax',
  'lagMax',
  'guessesMax',
] as const satisfies readonly (keyof typeof RPC_LIMITS)[];

/** docs/rpc.md: the whole interface, from the schemas that validate; its examples were run. */
export const rpcPage: Page = {
  path: 'docs/rpc.md',
  render: async () => {
    const methods = allMethods('0.0.0');
    const shown = await runExamples(methods);
    const all = [...methods.values()];
    return blocks(
      '# JSON-RPC',
      GENERATED,
      ...CALLING,
      ...ANSWERS,
      '## Limits',
      costsText(RPC_RATES),
      table(
        ['limit', 'value'],
        SHOWN_LIMITS.map((name) => [code(name), inUnits(name, RPC_LIMITS[name])]),
      ),
      '## Types',
      TYPES,
      '## Methods',
      table(
        ['method', 'token', 'does'],
        all.map(({ name, scope, summary }) => [
          `[${name}](#${anchor(name)})`,
          SCOPES.get(scope) ?? '',
          firstSentence(summary),
        ]),
      ),
      ...all.flatMap((method) => methodBlocks(method, shown.get(method.name))),
      ...SUBSCRIPTIONS,
    );
  },
};

function anchor(name: string): string {
  return name.toLowerCase().replaceAll('.', '');
}

function firstSentence(text: string): string {
  return /^.+?\.(?= |$)/.exec(text)?.[0] ?? text;
}

function methodBlocks(method: Method, shown: Shown | undefined): string[] {
  const { name, summary, scope, params, result } = method;
  const fields = fieldsOf(jsonSchemaOf(params, 'input'));
  return [
    `### ${name}`,
    summary,
    `Token: ${SCOPES.get(scope) ?? ''}.${limitsText(method)}`,
    fields.length === 0 ? 'No params.' : `Params, in their order by position:\n\n${paramsTable(fields)}`,
    resultBlock(jsonSchemaOf(result, 'output')),
    errorsLine(method),
    ...(shown === undefined ? [] : [fence('json', json(shown.request)), fence('json', json(shown.answer))]),
  ];
}

function limitsText(method: Method): string {
  const { heavy, params } = method;
  const { base, perItem } = costOf(method);
  const cost = ` Costs ${base}${perItem === 0 ? '' : ` and ${perItem} for each of its \`limit\``}.`;
  const atOnce = heavy ? ` At most ${RPC_LIMITS.heavyReadsMax} such reads are worked on at once, others wait.` : '';
  const page = Object.hasOwn(params.shape, 'cursor') ? ' In pages.' : '';
  return `${cost}${atOnce}${page}`;
}

function paramsTable(fields: readonly Field[]): string {
  return table(
    ['name', 'type', 'required', 'default'],
    fields.map(({ name, type, isRequired, fallback }) => [
      code(name),
      type,
      isRequired ? 'yes' : '',
      fallback === '' ? '' : code(fallback),
    ]),
  );
}

function resultBlock(schema: JsonSchema): string {
  const inner = schema.items ?? schema;
  const fields = fieldsOf(inner);
  if (fields.length === 0) return `Result: ${typeOf(schema)}.`;
  const rows = fields.map(({ name, type, isRequired }) => [code(name), type, isRequired ? '' : 'may be absent']);
  return `Result${schema.items === undefined ? '' : ', a list of'}:\n\n${table(['field', 'type', ''], rows)}`;
}

function errorsLine(method: Method): string {
  const own = errorsOf(method).map((type) => `${code(type)} (${String(ERRORS[type].code).replace('-', '−')})`);
  const common = COMMON_ERRORS.map(code).join(', ');
  return own.length === 0 ? `Errors: ${common}.` : `Errors: ${own.join(', ')}; as every call ${common}.`;
}

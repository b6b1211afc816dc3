import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sentBytes } from '../bench/cluster/meters.ts';
import { figuresIn, growthMax } from '../bench/cluster/scrape.ts';

const SOCKETS = `0 0 127.0.0.1:9001 127.0.0.1:50000 cubic rtt:0.1/0.05 bytes_sent:100 bytes_acked:101 bytes_received:7 segs_out:3
0 0 127.0.0.1:50000 127.0.0.1:9001 cubic bytes_sent:7 bytes_received:100
0 0 127.0.0.1:8001 127.0.0.1:50001 cubic bytes_sent:5000 bytes_received:100
0 0 [::1]:9001 [::1]:50002 cubic rtt:1/2
`;

test('bytes on the wire are those sent at either end of a connection between nodes, and no others', () => {
  assert.equal(sentBytes(SOCKETS, new Set([9001])), 107);
  assert.equal(sentBytes(SOCKETS, new Set([9001, 8001])), 5_107);
  assert.equal(sentBytes('', new Set([9001])), 0);
});

test('metrics without labels are read by name; growth is that of the node where it grew most', () => {
  const text = (syncs: number) => `# HELP waggle_journal_syncs Syncs
waggle_journal_syncs ${syncs}
waggle_network_events_total{event="frame.sent"} 9
`;
  const [before, after] = [
    [figuresIn(text(3)), figuresIn(text(5))],
    [figuresIn(text(4)), figuresIn(text(9))],
  ];
  assert.deepEqual([...(before[0] ?? [])], [['journal_syncs', 3]]);
  assert.equal(growthMax(before, after, 'journal_syncs'), 4);
  assert.equal(growthMax(before, after, 'nothing'), Number.NaN);
});

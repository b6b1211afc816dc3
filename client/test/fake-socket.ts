/** A WebSocket by hand: the test plays the node. */
export class FakeSocket extends EventTarget {
  readonly url: string;
  readonly sent: { id: number; method: string; params: Record<string, unknown> }[] = [];
  readonly OPEN = 1;
  readyState = 0;

  constructor(url: string) {
    super();
    this.url = url;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.end();
  }

  open(): void {
    this.readyState = 1;
    this.dispatchEvent(new Event('open'));
  }

  end(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.dispatchEvent(new Event('close'));
  }

  /** One message of the node. */
  say(value: unknown): void {
    this.dispatchEvent(
      new MessageEvent('message', { data: typeof value === 'string' ? value : JSON.stringify(value) }),
    );
  }

  subscribed(seq: number): void {
    this.say({ jsonrpc: '2.0', id: 1, result: { subscription: 'x', seq } });
  }

  event(seq: number, payload: object): void {
    this.say({ jsonrpc: '2.0', method: 'sub_event', params: { subscription: 'x', seq, ...payload } });
  }
}

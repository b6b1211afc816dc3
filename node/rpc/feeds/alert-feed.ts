import type { Alerts } from './alerts.ts';
import { eventFrame, type SendFrame } from './feed.ts';

/** One subscription to `alert`. */
export class AlertFeed {
  readonly #alerts: Alerts;
  readonly #subscription: string;
  readonly #send: SendFrame;
  #seq: number;
  #isPumping = false;
  #isClosed = false;

  /** `seq` is the last one its reader has. */
  constructor(alerts: Alerts, subscription: string, seq: number, send: SendFrame) {
    this.#alerts = alerts;
    this.#subscription = subscription;
    this.#seq = seq;
    this.#send = send;
  }

  close(): void {
    this.#isClosed = true;
  }

  wake(): void {
    if (this.#isPumping || this.#isClosed) return;
    this.#isPumping = true;
    this.#pump().then(
      () => {
        this.#isPumping = false;
        if (this.#alerts.seq > this.#seq) this.wake();
      },
      () => this.close(),
    );
  }

  async #pump(): Promise<void> {
    while (!this.#isClosed && this.#alerts.seq > this.#seq) {
      const { lost, alerts } = this.#alerts.after(this.#seq);
      if (lost > 0) {
        const [from, to] = [this.#seq + 1, this.#seq + lost];
        this.#seq = to;
        await this.#send(eventFrame(this.#subscription, to, { lagged: { from, to } }));
        continue;
      }
      const [next] = alerts;
      if (next === undefined) return;
      this.#seq = next.seq;
      const { seq, ...result } = next;
      await this.#send(eventFrame(this.#subscription, seq, { result }));
    }
  }
}

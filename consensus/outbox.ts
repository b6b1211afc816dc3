import type { Delivery, Effects, FetchRequest, JournalEntry, Message, Send } from './types.ts';

/** Collects what one step asks for. Order matters: what a vote rests on is persisted before it (D-01). */
export class Outbox implements Effects {
  readonly persist: JournalEntry[] = [];
  readonly send: Send[] = [];
  readonly deliver: Delivery[] = [];
  mustSync = false;
  wakeAtMs: number | undefined;

  /** D-05: what others or clients may build on once it is out. */
  promise(entry: JournalEntry): void {
    this.persist.push(entry);
    this.mustSync = true;
  }

  /** What only a later promise rests on: it is on the disk by then. */
  note(entry: JournalEntry): void {
    this.persist.push(entry);
  }

  broadcast(message: Message): void {
    this.send.push({ to: 'all', message });
  }

  /** ask `to` for what it says it has. */
  claim(to: number, request: FetchRequest): void {
    this.send.push({ to, message: request, isClaim: true });
  }

  sendTo(to: number, message: Message): void {
    this.send.push({ to, message });
  }

  tell(delivery: Delivery): void {
    this.deliver.push(delivery);
  }

  /** Step again at this time at the latest. */
  wakeAt(atMs: number): void {
    if (this.wakeAtMs === undefined || atMs < this.wakeAtMs) this.wakeAtMs = atMs;
  }
}

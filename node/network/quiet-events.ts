/** What the library's streams and connections tell events by. */
interface Emitter {
  listenerCount(type: string): number;
  safeDispatchEvent(type: string, detail?: object): boolean;
}

/** Make no event that nobody listens for: streams and connections tell after each write that they are idle. */
export function quietEvents(emitter: object): void {
  if (!isEmitter(emitter)) return;
  const dispatch = emitter.safeDispatchEvent.bind(emitter);
  emitter.safeDispatchEvent = (type, detail) => emitter.listenerCount(type) === 0 || dispatch(type, detail);
}

function isEmitter(value: object): value is Emitter {
  return 'listenerCount' in value && 'safeDispatchEvent' in value && typeof value.safeDispatchEvent === 'function';
}

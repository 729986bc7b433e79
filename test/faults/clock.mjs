/**
 * `node --import clock.mjs …`: the process's clock is off by LIVEPOD_CLOCK_SHIFT_MS. What measures durations is left
 * alone, as on a machine whose clock is wrong.
 */
const shift = Number(process.env.LIVEPOD_CLOCK_SHIFT_MS ?? 0);
const RealDate = Date;
const now = () => RealDate.now() + shift;

if (shift !== 0) {
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: () => new RealDate(now()).toString(),
    get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
  });
}

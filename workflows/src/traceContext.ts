import { ROOT_CONTEXT, type Context, type ContextManager as Manager } from '@opentelemetry/api';
import { current, within } from './traceStorage.js';

/**
 * Takes the place of the class of this name in `@temporalio/interceptors-opentelemetry-v2` when workflows are bundled:
 * see `traceStorage.ts`.
 */
export class ContextManager implements Manager {
  active(): Context {
    return (current() as Context | undefined) ?? ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    work: F,
    self?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return within(context, () => work.apply(self, args));
  }

  bind<T>(context: Context, target: T): T {
    if (typeof target !== 'function') return target;
    return ((...args: unknown[]) =>
      this.with(context, () => (target as (...args: unknown[]) => unknown)(...args))) as T;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    return this;
  }
}

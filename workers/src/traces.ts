import { hostname } from 'node:os';
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import {
  makeWorkflowExporter,
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryActivityOutboundInterceptor,
  OpenTelemetryNexusInboundInterceptor,
  OpenTelemetryNexusOutboundInterceptor,
  OpenTelemetryWorkflowClientInterceptor,
} from '@temporalio/interceptors-opentelemetry-v2';
import type { InjectedSinks, WorkerInterceptors } from '@temporalio/worker';

/** On the span of an attempt that ended with "later": there may be one a minute for days, so they are not sent. */
export const LATER = 'livepod.later';

export interface Traces {
  workerInterceptors: Required<Pick<WorkerInterceptors, 'activity' | 'nexus' | 'client'>>;
  /** Every worker with our bundle needs these, traces or not: the code in the sandbox hands its spans over to them. */
  sinks: InjectedSinks<{ exporter: { export(spans: unknown[]): void } }>;
  close(): Promise<void>;
}

/**
 * Spans go to the OTLP receiver (HTTP) that OTEL_EXPORTER_OTLP_ENDPOINT names, and nowhere where it is not set; then
 * only the trace ids stay, on logs and in Temporal's headers, so that a trace that begins here can be sent by a
 * provider's worker.
 */
export function traces(role: string): Traces {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const interceptors: Traces['workerInterceptors'] = {
    activity: [
      (ctx) => ({
        inbound: new OpenTelemetryActivityInboundInterceptor(ctx),
        outbound: new OpenTelemetryActivityOutboundInterceptor(ctx),
      }),
    ],
    nexus: [
      (ctx) => ({
        inbound: new OpenTelemetryNexusInboundInterceptor(ctx),
        outbound: new OpenTelemetryNexusOutboundInterceptor(ctx),
      }),
    ],
    client: { workflow: [new OpenTelemetryWorkflowClientInterceptor()] },
  };
  if (!process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] && !process.env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'])
    return { workerInterceptors: interceptors, sinks: noSinks, close: async () => {} };

  const resource = resourceFromAttributes({
    'service.name': `livepod-${role}`,
    'service.namespace': 'livepod',
    'service.instance.id': `${hostname()}-${process.pid}`,
  }).merge(detectResources({ detectors: [envDetector] }));
  const processor = new Discreet(new BatchSpanProcessor(new OTLPTraceExporter(), { scheduledDelayMillis: 1_000 }));
  const provider = new BasicTracerProvider({ resource, spanProcessors: [processor] });
  trace.setGlobalTracerProvider(provider);
  const {
    export: { fn },
  } = makeWorkflowExporter(processor, resource);
  return {
    workerInterceptors: interceptors,
    sinks: {
      exporter: {
        export: {
          fn: (info, spans) => {
            const { workflowId, runId, namespace, taskQueue } = info;
            // The whole of the workflow's info would go along otherwise.
            return fn(
              {
                'livepod.workflowId': workflowId,
                'livepod.runId': runId,
                'livepod.namespace': namespace,
                'livepod.taskQueue': taskQueue,
              } as never,
              spans as never,
            );
          },
        },
      },
    },
    close: () => provider.shutdown().catch(() => {}),
  };
}

/** For workers that export nothing: replays, tests, and processes without a receiver. */
export const noSinks: Traces['sinks'] = { exporter: { export: { fn: () => {} } } };

/**
 * A span of what was seen to have happened, below the step's place in its workflow. Does nothing where nothing is sent.
 */
export function spanBetween(name: string, from: number, until: number, about: Record<string, string | number>): void {
  const active = trace.getActiveSpan() as Partial<ReadableSpan> | undefined;
  // The attempt that looked may end with "later", and is not sent then; the workflow's own span of the step always is.
  const parent = active?.parentSpanContext
    ? trace.setSpanContext(ROOT_CONTEXT, active.parentSpanContext)
    : context.active();
  const attributes = Object.fromEntries(Object.entries(about).map(([key, value]) => [`livepod.${key}`, value]));
  trace.getTracer('livepod').startSpan(name, { startTime: from, attributes }, parent).end(until);
}

/**
 * Leaves out attempts that only wait, and what failures say: a sentence may quote what came in, so it stands in the
 * history alone, encrypted.
 */
class Discreet implements SpanProcessor {
  constructor(private readonly next: SpanProcessor) {}

  onStart(...started: Parameters<SpanProcessor['onStart']>): void {
    this.next.onStart(...started);
  }

  onEnd(span: ReadableSpan): void {
    if (span.attributes[LATER] !== true) this.next.onEnd(withoutSentences(span));
  }

  forceFlush(): Promise<void> {
    return this.next.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.next.shutdown();
  }
}

function withoutSentences(span: ReadableSpan): ReadableSpan {
  const events = span.events.map((event) => {
    const { 'exception.message': _, 'exception.stacktrace': __, ...attributes } = event.attributes ?? {};
    return { ...event, attributes };
  });
  return Object.create(span, {
    status: { value: { code: span.status.code } },
    events: { value: events },
  }) as ReadableSpan;
}

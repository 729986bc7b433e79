import { ownOverhead, type Event, type Stage } from './overhead.js';

const at = (milliseconds: number, more: Partial<Event> = {}): Event => ({
  eventTime: { seconds: Math.floor(milliseconds / 1000), nanos: (milliseconds % 1000) * 1e6 },
  ...more,
});
const child = (workflowId: string): Partial<Event> => ({
  childWorkflowExecutionStartedEventAttributes: { workflowExecution: { workflowId } },
});

describe('a stage’s own overhead', () => {
  const inner: Stage = { workflowId: 'inner', type: 'b', events: [at(300), at(700)] };

  it('is its time without that of the workflows it waited for', () => {
    const stage: Stage = {
      workflowId: 'outer',
      type: 'a',
      events: [at(0), at(100, { activityTaskScheduledEventAttributes: {} }), at(310, child('inner')), at(1000)],
    };
    expect(ownOverhead(stage, [stage, inner])).toEqual({ milliseconds: 600, steps: 2 });
  });

  it('counts a Nexus operation as a step, by the workflow behind it', () => {
    const stage: Stage = {
      workflowId: 'outer',
      type: 'a',
      events: [
        at(200),
        at(310, { nexusOperationStartedEventAttributes: {}, links: [{ workflowEvent: { workflowId: 'inner' } }] }),
        at(800),
      ],
    };
    expect(ownOverhead(stage, [inner])).toEqual({ milliseconds: 200, steps: 1 });
  });

  it('counts nothing of workflows that others waited for', () => {
    expect(ownOverhead({ workflowId: 'x', type: 'a', events: [at(0), at(1000)] }, [inner])).toEqual({
      milliseconds: 1000,
      steps: 0,
    });
  });
});

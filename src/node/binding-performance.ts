import type { Binding, Realm } from './realm.ts'

/** Time, which a guest sees by the millisecond, from the moment its process began. */
export function makePerformanceBinding({ environment }: Realm): Binding {
  const { startMs } = environment
  const TIME_ORIGIN = 0
  const TIME_ORIGIN_TIMESTAMP = 1
  // Read by index; a snapshot may hold the binding, and must not hold the time.
  const milestones = {
    length: 8,
    [TIME_ORIGIN]: 0,
    get [TIME_ORIGIN_TIMESTAMP]() {
      return startMs() * 1000
    },
  }
  return {
    now: () => Date.now() - startMs(),
    milestones,
    observerCounts: new Uint32Array(8),
    constants: {
      NODE_PERFORMANCE_ENTRY_TYPE_GC: 0,
      NODE_PERFORMANCE_ENTRY_TYPE_HTTP: 1,
      NODE_PERFORMANCE_ENTRY_TYPE_HTTP2: 2,
      NODE_PERFORMANCE_ENTRY_TYPE_NET: 3,
      NODE_PERFORMANCE_ENTRY_TYPE_DNS: 4,
      NODE_PERFORMANCE_ENTRY_TYPE_QUIC: 5,
      NODE_PERFORMANCE_MILESTONE_TIME_ORIGIN: TIME_ORIGIN,
      NODE_PERFORMANCE_MILESTONE_TIME_ORIGIN_TIMESTAMP: TIME_ORIGIN_TIMESTAMP,
      NODE_PERFORMANCE_MILESTONE_ENVIRONMENT: 2,
      NODE_PERFORMANCE_MILESTONE_NODE_START: 3,
      NODE_PERFORMANCE_MILESTONE_V8_START: 4,
      NODE_PERFORMANCE_MILESTONE_LOOP_START: 5,
      NODE_PERFORMANCE_MILESTONE_LOOP_EXIT: 6,
      NODE_PERFORMANCE_MILESTONE_BOOTSTRAP_COMPLETE: 7,
    },
    installGarbageCollectionTracking: () => {},
    removeGarbageCollectionTracking: () => {},
    notify: () => {},
    setupObservers: () => {},
    loopIdleTime: () => 0,
    markBootstrapComplete: () => {},
    getTimeOrigin: () => 0,
    getTimeOriginTimestamp: startMs,
    uvMetricsInfo: () => [0, 0, 0],
    uvMetricsBuffer: new Float64Array(3),
  }
}

/**
 * What is known to bring down or wedge a process that runs isolates, and the programs that do it: each row of the list
 * that the suite was made of, whether a program stands here or in test/isolation.
 */
export const ROWS: readonly (readonly [what: string, ...paths: string[]])[] = [
  [
    'built-ins that go through a list-like as long as a number can say',
    ...[
      ...[
        'for-each',
        'every',
        'filter',
        'some',
        'index-of',
        'includes',
        'last-index-of',
        'reduce',
        'reverse',
      ],
      ...['fill', 'copy-within', 'flat', 'shift', 'splice', 'reduce-right', 'flat-map', 'concat', 'join'],
    ].map(name => `test/isolation/programs/array-like-${name}.js`),
    'bench/faults/programs/array-unshift.js',
  ],
  [
    'sorting one: "invalid array length", and the process ends',
    'test/isolation/programs/array-like-sort.js',
    'bench/faults/programs/array-to-sorted.js',
  ],
  [
    'a real list of a billion places, filled, copied or given as arguments',
    'test/isolation/programs/sparse-array-fill.js',
    'test/isolation/programs/array-like-from.js',
    'test/isolation/programs/apply-to-sparse-array.js',
    'bench/faults/programs/array-of-arguments.js',
  ],
  [
    'the longest text, split into characters',
    'test/isolation/programs/text-split.js',
    'bench/faults/programs/text-spread.js',
  ],
  [
    'the keys of a text as an object',
    'bench/faults/programs/text-object-key-list.js',
    'bench/faults/programs/text-object-assign.js',
    'test/isolation/programs/text-keys.js',
    'test/isolation/programs/text-assign.js',
    'test/isolation/wedging/text-object-keys.js',
  ],
  ['every character of a long text replaced by several', 'test/isolation/programs/text-replace.js'],
  [
    'memory that one built-in fills by itself',
    'test/isolation/programs/json-of-objects.js',
    'bench/faults/programs/closures-over-arrays.js',
    'test/isolation/wedging/built-ins-in-a-loop.js',
    'bench/faults/programs/optimised-arrays.js',
  ],
  [
    'arithmetic of numbers of millions of digits',
    'bench/faults/programs/bigint-digits.js',
    'test/isolation/wedging/bigint-text.js',
    'test/isolation/wedging/bigint-products.js',
  ],
  ['a search for a long text', 'test/isolation/programs/text-search.js'],
  ['a regular expression of megabytes', 'test/isolation/wedging/regexp-of-alternatives.js'],
  ['normalisation of a long text', 'test/isolation/programs/text-normalize.js'],
  [
    'a million prototypes, and a look through them',
    'bench/faults/programs/deep-prototypes-read-once.js',
    'test/isolation/programs/prototype-chain.js',
  ],
  [
    'a failure whose message, stack or constructor has code in it that does not end',
    'bench/faults/programs/thrown-message-getter-loops.js',
    'test/isolation/programs/loop-in-message-getter.js',
    'test/isolation/programs/thrown-stack-getter-loops.js',
    'test/isolation/programs/thrown-constructor-name-loops.js',
  ],
  [
    'code that makes the text of a stack, and does not end',
    'test/isolation/programs/loop-in-prepare-stack-trace.js',
    'bench/faults/programs/stack-trace-loops-in-a-built-in.js',
  ],
  [
    'such a failure that nobody waits for',
    'bench/faults/programs/rejected-message-and-stack-loop.js',
    'test/isolation/programs/loop-in-unhandled-rejection.js',
    'test/isolation/wedging/rejection-whose-name-loops.js',
  ],
  [
    'a result that is small where it is made and gigabytes where it is copied',
    'bench/faults/programs/result-of-long-texts.js',
    'test/isolation/programs/huge-result.js',
  ],
  [
    'a result that can not be copied',
    'test/isolation/programs/float16-result.js',
    'bench/faults/programs/result-of-symbols.js',
    'test/isolation/programs/rejected-uncopyable.js',
  ],
  [
    'arguments for the host, of half a gigabyte, again and again',
    'bench/faults/programs/arguments-of-long-lists.js',
    'test/isolation/programs/host-call-storm.js',
  ],
  [
    // What the host itself does when it leaves is in test/isolation/ending.test.ts.
    'leaving while an isolate runs, or has just died',
    'bench/faults/programs/process-exit.js',
    'bench/faults/programs/process-exit-in-a-loop.js',
    'bench/faults/programs/throws-while-leaving.js',
    'bench/faults/programs/process-abort.js',
  ],
  [
    'innocent: ten kilobytes to and fro, many at once, in little memory',
    'bench/faults/programs/innocent-echo.js',
  ],
  ['innocent: more of them compute than there are cores', 'bench/faults/programs/innocent-busy-six.js'],
]

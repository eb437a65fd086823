import fc from '../random.ts'

/** Few names, so that operations meet. */
const name = fc.constantFrom('a', 'b', 'c', 'd')
const plainPath = fc.oneof(
  { weight: 6, arbitrary: name },
  { weight: 4, arbitrary: fc.tuple(name, name).map(parts => parts.join('/')) },
  { weight: 2, arbitrary: fc.tuple(name, name, name).map(parts => parts.join('/')) },
)
const path = fc.oneof(
  { weight: 12, arbitrary: plainPath },
  { weight: 1, arbitrary: fc.constantFrom('a/../b', 'b/', 'a//b', 'a/./b', 'c/d/') },
)
/** What no folder is removed or replaced by: the test's own among them. */
const anyPath = fc.oneof(
  { weight: 6, arbitrary: path },
  { weight: 1, arbitrary: fc.constantFrom('.', 'a/.', 'a/..', '') },
)
const size = fc.oneof(
  fc.integer({ min: 0, max: 50 }),
  fc.constantFrom(0, 1, 4095, 4096, 4097, 8192, 65_535, 65_536, 65_537, 200_000),
)
const position = fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 70_000 }))
const flag = fc.constantFrom('r', 'r+', 'w', 'w+', 'wx', 'a', 'a+', 'ax')
const index = fc.integer({ min: 0, max: 3 })
const record = fc.record

/** One call of fs, as test/fs/interpreter.cjs does it. */
export const operation = fc.oneof(
  record({ do: fc.constant('write'), path, size, flag: fc.constantFrom('w', 'a', 'wx') }),
  record({ do: fc.constant('read'), path: anyPath }),
  record({ do: fc.constant('open'), path: anyPath, flag, mode: fc.constantFrom(0o666, 0o644, 0o777) }),
  record({ do: fc.constant('close'), index }),
  record({ do: fc.constant('fdWrite'), index, size, position }),
  record({ do: fc.constant('fdRead'), index, size: fc.integer({ min: 1, max: 70_000 }), position }),
  record({ do: fc.constant('fdTruncate'), index, size }),
  record({ do: fc.constant('fdStat'), index }),
  record({ do: fc.constant('truncate'), path, size }),
  record({ do: fc.constant('mkdir'), path: anyPath, recursive: fc.boolean() }),
  record({ do: fc.constantFrom('rmdir', 'unlink'), path }),
  record({ do: fc.constantFrom('rename', 'link'), path, to: path }),
  record({ do: fc.constant('symlink'), path, to: path, absolute: fc.boolean() }),
  record({ do: fc.constant('copy'), path, to: path, exclusive: fc.boolean() }),
  record({
    do: fc.constant('cp'),
    path: plainPath,
    to: plainPath,
    recursive: fc.boolean(),
    force: fc.boolean(),
  }),
  record({ do: fc.constant('rm'), path: plainPath, recursive: fc.boolean(), force: fc.boolean() }),
  record({
    do: fc.constantFrom('list', 'stat', 'lstat', 'exists', 'readlink', 'realpath', 'native'),
    path: anyPath,
  }),
  record({ do: fc.constant('utimes'), path }),
  record({ do: fc.constant('access'), path, mode: fc.constantFrom(0, 1, 2, 4) }),
)

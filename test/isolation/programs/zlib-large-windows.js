// expect: completed
// Parameters and frames that make a library allocate far more than it is given.
const zlib = require('zlib')
const C = zlib.constants
exports.main = async () => {
  const tries = [
    () =>
      zlib.brotliCompressSync('x', {
        params: { [C.BROTLI_PARAM_LARGE_WINDOW]: 1, [C.BROTLI_PARAM_LGWIN]: 30 },
      }),
    () => zlib.zstdCompressSync('x', { params: { [C.ZSTD_c_compressionLevel]: 22 } }),
    () => zlib.zstdCompressSync('x', { params: { [C.ZSTD_c_windowLog]: 31 } }),
    () => zlib.zstdCompressSync('x', { params: { [C.ZSTD_c_nbWorkers]: 200 } }),
    () => zlib.zstdDecompressSync(Buffer.from('28b52ffd00f8000000', 'hex')),
    () => zlib.zstdDecompressSync('x', { params: { [C.ZSTD_d_windowLogMax]: 31 } }),
    () =>
      Array.from({ length: 50 }, () => zlib.createBrotliCompress({ params: { [C.BROTLI_PARAM_LGWIN]: 24 } })),
  ]
  for (const attempt of tries) {
    try {
      attempt()
      throw new TypeError('it was done')
    } catch (error) {
      if (error instanceof TypeError) throw error
    }
  }
}

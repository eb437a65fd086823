const { spawnSync } = require('child_process')
const ffmpeg = require('ffmpeg-static')

/** The package is the path of a program, which its install script downloads. */
exports.main = async () => {
  const { error, status } = spawnSync(ffmpeg, ['-version'])
  if (error !== undefined && error.code !== 'ENOENT') throw error
  return { isPath: ffmpeg.endsWith('ffmpeg'), wasTried: error?.code === 'ENOENT' || status === 0 }
}

// Runs one of the programs beside this file and tells what each of its cases gave.

exports.tellAll = async (program, fs, root) => {
  const told = []
  await program.run(fs, root, async (name, act) => {
    let outcome
    try {
      const value = await act()
      outcome = JSON.stringify(value) ?? 'undefined'
    } catch (error) {
      outcome = `${error.name} ${error.message} ${JSON.stringify(error)} ${Object.keys(error)}`
    }
    told.push(`${name}: ${outcome}`.replaceAll(root, '<root>'))
  })
  return told
}

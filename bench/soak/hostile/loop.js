exports.main = async () => {
  for (;;);
}

/** Looks again until it holds or the time is over; then the last failure is told. Works in concurrent tests too. */
export async function eventually<T>(look: () => Promise<T>, timeoutMs: number, everyMs = 50): Promise<T> {
  for (const deadline = Date.now() + timeoutMs; ; await new Promise((done) => setTimeout(done, everyMs))) {
    try {
      return await look();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

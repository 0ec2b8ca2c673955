/** What Fastify alone costs: reads the same JSON, checks nothing, answers the same shape. Prints its address, ends by SIGTERM. */
import fastify from 'fastify';

const app = fastify({ logger: false });
app.get('/ready', async () => ({ ready: true }));
app.post('/v1/models/:model/predict', async () => ({
  predictions: [{ inference_id: '1', version: 1, arm: 'champion', prediction: 0.25, decision: 0 }],
}));
console.log(await app.listen({ host: '127.0.0.1', port: 0 }));
process.on('SIGTERM', () => void app.close().then(() => process.exit(0)));

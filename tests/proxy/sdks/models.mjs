// One request by Anthropic's SDK, of the generation that is named. Node's own fetch knows the proxy of the
// environment only since 22.21, so the SDK is given the dispatcher that its manual names for proxies.
import { EnvHttpProxyAgent, fetch } from 'undici';

const { default: Anthropic } = await import(process.argv[2]);
const dispatcher = new EnvHttpProxyAgent();
const client = new Anthropic({ maxRetries: 0, fetch: (url, options) => fetch(url, { ...options, dispatcher }) });
await client.get('/v1/models');
console.log('done');

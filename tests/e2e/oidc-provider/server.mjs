// node-oidc-provider as a person's provider would set it up: rotating refresh tokens, PKCE
// required, short lifetimes, registration open. Prints its address; ends with its standard input.
//
//   node server.mjs REDIRECT_URI ACCESS_TOKEN_SECONDS

import http from 'node:http';
import Provider from 'oidc-provider';
import Storage from 'oidc-provider/lib/adapters/memory_adapter.js';

const [redirectUri, seconds] = process.argv.slice(2);

const server = http.createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'confidential',
      client_secret: 'referee-client-secret-0123456789',
      application_type: 'native',
      redirect_uris: [redirectUri],
      grant_types: [
        'authorization_code', 'refresh_token', 'client_credentials', 'urn:ietf:params:oauth:grant-type:device_code',
      ],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
    },
  ],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    deviceFlow: { enabled: true },
    registration: { enabled: true },
    revocation: { enabled: true },
  },
  clockTolerance: 0,
  scopes: ['openid', 'read', 'write'],
  pkce: { required: () => true },
  rotateRefreshToken: true,
  issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  ttl: { AccessToken: Number(seconds), ClientCredentials: Number(seconds), DeviceCode: 60, Grant: 3600, RefreshToken: 3600, Session: 3600, Interaction: 600 },
  findAccount: async (_ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  cookies: { keys: ['referee'] },
});

// What registration has made is forgotten, as servers do.
provider.use(async (ctx, next) => {
  if (ctx.path !== '/forget-client') return next();
  await new Storage('Client').destroy(ctx.query.client_id);
  ctx.body = 'forgotten';
});

server.on('request', provider.callback());
console.log(issuer);
process.stdin.on('end', () => process.exit(0)).resume();

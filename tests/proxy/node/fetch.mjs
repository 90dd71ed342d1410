// fetch as a program that heeds the proxy variables has it: undici, which is Node's own.
import { EnvHttpProxyAgent, fetch } from 'undici';

const held = process.env.NOTION_ACCESS_TOKEN;
const url = 'https://api.notion.test/v1/users/me';
for (const allowH2 of [false, true]) {
  const dispatcher = new EnvHttpProxyAgent({ allowH2 });
  for (const body of ['x'.repeat(100000), 'y']) {
    const answer = await fetch(url, { method: 'POST', body, headers: { authorization: `Bearer ${held}` }, dispatcher });
    console.log(held, answer.status, (await answer.json()).length);
  }
  await dispatcher.close();
}

// Verifies an event of callpacer with the standard library alone:
//
//   WEBHOOK_SECRET=… node verify.mjs WEBHOOK-ID WEBHOOK-TIMESTAMP WEBHOOK-SIGNATURE < body

import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';

const tolerance = 5 * 60;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

// Reads a secret as callpacer does: base64, with or without whsec_ before it; any
// other text is its own bytes. (Buffer.from would take anything for base64.)
function keyOf(secret) {
  const text = secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : secret;
  return text !== '' && base64.test(text) ? Buffer.from(text, 'base64') : Buffer.from(secret);
}

// Throws unless the body (a Buffer, as it came: verify first, then parse) was
// signed with the secret a short time ago. now is in seconds.
export function verify(secret, id, timestamp, signatures, body, now) {
  if (!/^[0-9]{1,12}$/.test(timestamp)) throw new Error('the timestamp is no number');
  const seconds = Number(timestamp);
  if (Math.abs(now - seconds) > tolerance) throw new Error(`the event was signed ${Math.round(now - seconds)} s ago`);
  const want = createHmac('sha256', keyOf(secret)).update(`${id}.${seconds}.`).update(body).digest();
  for (const one of signatures.split(' ')) {
    const [version, text] = one.split(',');
    const got = Buffer.from(text ?? '', 'base64');
    if (version === 'v1' && got.length === want.length && timingSafeEqual(got, want)) return;
  }
  throw new Error('no signature fits');
}

if (process.argv[1]?.endsWith('verify.mjs')) {
  if (process.argv.length !== 5) {
    console.error('usage: verify.mjs WEBHOOK-ID WEBHOOK-TIMESTAMP WEBHOOK-SIGNATURE < body');
    process.exit(2);
  }
  try {
    verify(process.env.WEBHOOK_SECRET ?? '', ...process.argv.slice(2), readFileSync(0), Date.now() / 1000);
    console.log('good');
  } catch (refused) {
    console.error(`refused: ${refused.message}`);
    process.exit(1);
  }
}

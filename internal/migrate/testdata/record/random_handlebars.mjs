// Records what Handlebars makes of random templates: ../dotprompt-random.json.
//
//   npm install handlebars@4.7.10
//   node random_handlebars.mjs 7 700 > ../dotprompt-random.json
//
// With other numbers, and more of them, it finds what the recorded ones miss.
import { createRequire } from 'node:module';
const require = createRequire(process.cwd() + '/');
const Handlebars = require('handlebars');
let seed = +process.argv[2] || 1;
const rnd = (n) => { seed = (seed * 1103515245 + 12345) & 0x7fffffff; return (seed >> 8) % n; };
const pick = (a) => a[rnd(a.length)];
const datas = [
  {}, { a: 'A', b: true, n: 3, xs: ['p', 'q', 'r'], m: { k: 'v', l: ['1'] }, os: [{ k: 'x', l: ['u', 'v'] }, { k: '' }] },
  { a: '', b: false, n: 0, xs: [], m: {}, os: [] }, { a: 'z\n', b: true, n: 1, xs: ['o'], m: { k: '' }, os: [{ l: [] }] },
];
const ws = () => pick(['', '', '', ' ', '\n', '\n', '  ', '\n\n', ' \n', '\n  ', '\r\n', '\t']);
const txt = () => ws() + pick(['', 'x', 'foo bar', '{', '}', 'a\nb', '']) + ws();
const t = (s) => '{{' + pick(['', '', '', '', '~']) + s + pick(['', '', '', '', '~']) + '}}';
function val(depth, ctx) {
  if (ctx === 'os') return pick(['k', 'this.k', '../a', '@index', '@root.a']);
  if (ctx === 'xs') return pick(['this', '.', '../a', '@index', '@root.n']);
  if (ctx === 'm') return pick(['k', 'this.k', '../a', '@root.n']);
  return pick(['a', 'n', 'b', 'm.k', 'this.a', './a', 'zz', 'xs.[0]']);
}
function block(depth, ctx, up) {
  const c = rnd(9);
  const body = () => gen(depth - 1, ctx);
  if (c < 3) {
    let s = t('#if ' + val(0, ctx)) + body();
    if (rnd(3) === 0) s += t('else if ' + val(0, ctx)) + body();
    if (rnd(2) === 0) s += t(pick(['else', '^', 'else'])) + body();
    return s + t('/if');
  }
  if (c === 3) return t('#unless ' + val(0, ctx)) + body() + (rnd(2) ? t('else') + body() : '') + t('/unless');
  if (c === 4) return t(pick(['! c ', '!-- d --'])) ;
  if (ctx === '') {
    const w = pick(['xs', 'os', 'm']);
    if (w === 'm') return t('#with m') + gen(depth - 1, 'm') + (rnd(2) ? t('else') + body() : '') + t('/with');
    return t('#each ' + w) + gen(depth - 1, w) + (rnd(2) ? t('else') + body() : '') + t('/each');
  }
  return t('^if ' + val(0, ctx)) + body() + t('/if');
}
function gen(depth, ctx) {
  let s = '';
  for (let i = rnd(4) + 1; i > 0; i--) {
    s += txt();
    const c = rnd(4);
    if (c === 0) s += t(val(0, ctx));
    else if (c < 3 && depth > 0) s += block(depth, ctx);
    else if (c === 3 && depth > 0) s += '\n' + block(depth, ctx) + '\n';
  }
  return s;
}
const out = [];
for (let i = 0; i < +process.argv[3]; i++) {
  const source = gen(3, '');
  if (source.length > 300) continue;
  let f;
  try { f = Handlebars.compile(source, { noEscape: true, knownHelpersOnly: true }); f({}); } catch (e) { continue; }
  out.push({ name: String(i), files: { 'main.prompt': source }, want: datas.map((d) => ({ data: d, text: f(d), messages: [] })) });
}
console.log('[\n' + out.map((c) => JSON.stringify(c)).join(',\n') + '\n]');

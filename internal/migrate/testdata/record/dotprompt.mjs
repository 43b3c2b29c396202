// Records what dotprompt itself makes of prompts: ../dotprompt.json.
//
//   npm install dotprompt@1.1.2 handlebars@4.7.10
//   node dotprompt.mjs > ../dotprompt.json
//
// A case is a file, the partials beside it, and data. Recorded are the text,
// without the marks of roles, and the messages.
import { createRequire } from 'node:module';
const require = createRequire(process.cwd() + '/');
const { Dotprompt } = require('dotprompt');
const Handlebars = require('handlebars');

const people = [
  {},
  { name: 'Ann', ok: true, n: 3, docs: ['a', 'b', 'c'], user: { name: 'Ben', age: 40, tags: ['x', 'y'] }, items: [{ t: 'one', n: 1 }, { t: 'two', n: 0, sub: ['p', 'q'] }] },
  { name: '', ok: false, n: 0, docs: [], user: {}, items: [] },
  { name: '<b>"Q" & \'x\' {{name}} {~ \\', ok: 'false', n: -1.5, docs: ['only'], user: { name: '' }, items: [{}] },
  { name: 0, ok: 1, n: '0', docs: [''], user: null, items: [{ t: false, n: null }] },
  { name: null, ok: null, n: 1e21, docs: null, user: { tags: [] }, items: null },
];
const S = '---\ninput:\n  schema:\n    name?: string\n    ok?: boolean\n    n?: number\n    docs?(array): string\n    user?:\n      name: string\n    items?(array):\n      t: string\n---\n';

const cases = [
  ['text', 'Hello {{name}}!', people],
  ['escapes', 'a \\{{name}} b \\\\{{name}} {{{name}}} {{&name}} {~ ~} \\{~ {~/x~} {', people],
  ['backslash before a tag', 'a\\\\{{#if ok}}b\\\\{{/if}} {{ name }}', people],
  ['paths', '{{user.name}}|{{user/name}}|{{this.user.name}}|{{./name}}|{{user.[name]}}|{{docs.[0]}}|{{docs.[1]}}|{{@root.name}}', people],
  ['if', '{{#if name}}yes{{else}}no{{/if}} {{#if n}}n{{/if}} {{#if docs}}d{{/if}} {{#if user}}u{{/if}}', people],
  ['if of declared types', S + '{{#if name}}yes{{else}}no{{/if}} {{#if docs}}d{{/if}}', [people[1], people[2]]],
  ['unless', '{{#unless ok}}A{{else}}B{{/unless}}{{^if ok}}C{{else}}D{{/if}}', people],
  ['else if', '{{#if ok}}1{{else if name}}2{{else if n}}3{{else}}4{{/if}}', people],
  ['else unless', '{{#if ok}}1{{else unless name}}2{{else}}3{{/if}}', people],
  ['includeZero', '{{#if n includeZero=true}}yes{{else}}no{{/if}}', people],
  ['ifEquals', '{{#ifEquals name "Ann"}}A{{else}}-{{/ifEquals}}{{#ifEquals n 3}}3{{/ifEquals}}{{#ifEquals ok true}}t{{/ifEquals}}{{#unlessEquals n 0}}nz{{else}}z{{/unlessEquals}}', people],
  ['each', '{{#each docs}}[{{this}}]{{/each}}{{#each items}}({{t}}:{{this.n}}){{else}}none{{/each}}', [people[0], people[1], people[2], people[3], people[4]]],
  ['each numbers', '{{#each docs}}{{@index}}/{{@key}}{{#if @first}}F{{/if}}{{#if @last}}L{{/if}}{{#unless @last}}, {{/unless}}{{/each}}', S, people.slice(0, 3)],
  ['each in each', '{{#each items}}{{@index}}:{{#each sub}}{{@../index}}.{{@index}}={{this}}/{{../t}}/{{../../name}}/{{@root.name}};{{else}}-{{/each}}{{/each}}', people.slice(0, 4)],
  ['each as', '{{#each items as |it i|}}{{i}}={{it.t}}{{name}}{{#each it.sub as |s|}}{{s}}{{it.t}}{{/each}}{{/each}}', people.slice(0, 4)],
  ['each of a map', '{{#each user}}{{@key}}={{this}};{{/each}}', [{ user: { a: 1, b: 'x' } }, {}, { user: {} }]],
  ['with', '{{#with user}}{{name}}/{{../name}}/{{@root.n}}{{else}}nobody{{/with}}', people],
  ['with as', '{{#with user as |u|}}{{u.name}}{{/with}}', people.slice(0, 4)],
  ['sections of declared types', S + '{{#docs}}[{{this}}]{{/docs}}{{#ok}}ok{{/ok}}{{^ok}}not{{/ok}}{{^docs}}none{{/docs}}', [people[1], people[2], { docs: ['z'], ok: true }]],
  ['length', S + '{{docs.length}}{{#if docs.length}} some{{/if}}{{#ifEquals docs.length 3}} three{{/ifEquals}}', [people[1], people[2]]],
  ['comments', 'a{{! one }}b{{!-- two }} --}}c {{!}}d\n{{! alone }}\ne\n  {{!-- alone too --}}  \nf', people.slice(0, 2)],
  ['standalone', 'Start\n{{#if ok}}\n  Yes {{name}}\n{{else}}\n  No\n{{/if}}\nEnd\n\n{{#each docs}}\n- {{this}}\n{{/each}}\nLast', people.slice(0, 5)],
  ['standalone indented', 'A\n  {{#if ok}}\n    B\n  {{/if}}\n  C\n\t{{#each docs}}  \n\t{{this}}\n\t{{else}}\n\tnone\n\t{{/each}}\t\nD\n', people.slice(0, 5)],
  ['standalone nested', '{{#if ok}}\n{{#each docs}}\n{{#if @first}}\nfirst\n{{else if @last}}\nlast\n{{else}}\n{{this}}\n{{/if}}\n{{/each}}\n{{/if}}\n', people.slice(0, 5)],
  ['standalone CRLF', 'A\r\n{{#if ok}}\r\nB\r\n{{/if}}\r\nC\r\n', people.slice(0, 3)],
  ['not standalone', 'A {{#if ok}}\nB\n{{/if}} C\n{{#if ok}}x{{/if}}\n{{name}}\n', people.slice(0, 4)],
  ['blank lines stay', 'A\n\n{{#if ok}}\n\nB\n\n{{/if}}\n\nC\n\n\n', people.slice(0, 3)],
  ['tilde', 'A \n {{~name~}} \n B {{~#if ok~}} \n C \n {{~else~}} D {{~/if~}} \n E', people.slice(0, 5)],
  ['tilde comment', 'A  {{~! x ~}}  B {{!-- y --~}}  C', people.slice(0, 1)],
  ['tilde inside', '{{#each docs ~}}\n  {{this}},\n{{~/each}}\n.', people.slice(0, 4)],
  ['tilde chain', 'x {{#if ok ~}} 1 {{~ else if name ~}} 2 {{~ else ~}} 3 {{~/if}} y', people.slice(0, 5)],
  ['blanks of other kinds', 'a\u00a0{{~name~}}\u2003\n\u00a0b\n\u00a0{{#if ok}}\u3000\nc\n{{/if}}\n\ufeff{{~#if ok~}}\u00a0\nd\n\u2028{{~/if~}}\n\u00a0e', people.slice(0, 3)],
  ['inverse', '{{^if name}}A{{/if}}{{#if name}}B{{^}}C{{/if}}', people],
  ['partial', 'Hi {{> who}}!\n{{> who}}\nBye {{> card user}}', people.slice(0, 5), { who: '{{name}} and {{user.name}}', card: '[{{name}}|{{n}}|{{#if age}}{{age}}{{/if}}]\n' }],
  ['partial in a loop', '{{#each items}}{{> row}}{{/each}}{{#each docs}}{{> cell}}{{/each}}', people.slice(0, 4), { row: '<{{t}},{{name}}>', cell: '({{this}})' }],
  ['partial with texts', '{{> p greeting="Hey \\"you\\"" name=\'N\'}} {{> p greeting="Ho"}}', people.slice(0, 4), { p: '{{greeting}} {{name}}' }],
  ['partial with values', '{{> p who=user.name many=n flag=true}}', people.slice(0, 4), { p: '{{who}}:{{many}}:{{#if flag}}f{{/if}}{{name}}' }],
  ['roles', '{{role "system"}}\nYou are {{name}}.\n\n{{role "user"}}\nHi\n{{role "model"}}\nYes?\n{{role "user"}}{{name}} again', people.slice(0, 4)],
  ['text before a role', 'Before\n{{role "system"}}\nS\n', people.slice(0, 1)],
  ['blank before a role', '\n  \n{{role "system"}}\nS {{> who}}\n', people.slice(0, 2), { who: 'w {{name}}' }],
  ['roles in blocks', '{{role "system"}}S\n{{#if ok}}\n{{role "user"}}U {{name}}\n{{/if}}\n{{#each docs}}{{role "model"}}M{{role "user"}}{{this}}\n{{/each}}\n{{role "user"}}end', people.slice(0, 4)],
  ['a role by data', '{{#each items}}{{role r}}{{t}}{{/each}}', [{ items: [{ r: 'user', t: 'a' }, { r: 'model', t: 'b' }, { r: 'user', t: 'c' }] }]],
  ['a branch without a role', '{{role "system"}}\nS\n{{#if ok}}\n{{role "user"}}A\n{{else}}\n{{/if}}\n', people.slice(0, 3)],
  ['json', S + '{{json docs}} {{json name}} {{json n}}', [people[1], { name: 'q"<&>\n', docs: ['<é>', 'b'], n: 1.5 }]],
  ['json indent', '{{json user indent=2}}', [{ user: { a: 1, b: ['x', { c: null }] } }]],
  ['defaults', '---\ninput:\n  default:\n    name: Guest\n    n: 4\n---\n{{name}} {{n}} {{ok}}', people.slice(0, 4)],
  ['front matter trims', '---\nmodel: googleai/gemini-1.5-flash\n---\n\n  \n Hello {{name}} \n\n', people.slice(0, 2)],
  ['rules in the body', '---\nmodel: m\n---\n---\nname: {{name}}\n---\nrest', people.slice(0, 2)],
  ['no front matter', '---\n{{name}}', people.slice(0, 2)],
  ['values that are no texts', '{{n}} {{ok}}', people],
  ['numbers and words', '{{#ifEquals n -1.5}}A{{/ifEquals}}{{#ifEquals n 3}}B{{/ifEquals}}{{#ifEquals ok false}}C{{/ifEquals}}{{#if 1}}D{{/if}}{{#unless 0}}E{{/unless}}{{#if "x"}}F{{/if}}', people],
  ['first and last printed', '{{#each docs}} {{@first}} {{@last}}{{/each}}', people.slice(0, 4)],
  ['each in with', '{{#with user}}{{#each tags}}{{this}}{{../name}}{{../../name}}{{/each}}{{#if tags}}T{{/if}}{{/with}}', people.slice(0, 4)],
  ['types that are scalars', '---\ninput:\n  schema:\n    type: object\n    properties:\n      name: {type: string, description: who}\n      n: {type: number, default: 4}\n    required: [name]\nmetadata: {a: b}\ntags: [x, y]\n---\n{{#with name}}{{this}}{{/with}}{{#if n}}{{n}}{{/if}}', [people[1]]],
  ['partial with front matter', 'A {{> fm}} B', people.slice(0, 2), { fm: '---\nmodel: x\n---\n\n{{name}}\n' }],
  ['log', 'a{{log name}}b', people.slice(0, 2)],
  ['names like keywords', '{{value}} {{#each item}}{{this}}{{../i}}{{/each}}', [{ value: 'v', item: ['a'], i: 'I' }]],
];

const helpers = {
  role: (r) => `<<<dotprompt:role:${r}>>>`,
  json: (v, o) => JSON.stringify(v, null, o.hash.indent || 0),
  ifEquals(a, b, o) { return a === b ? o.fn(this) : o.inverse(this); },
  unlessEquals(a, b, o) { return a !== b ? o.fn(this) : o.inverse(this); },
};
const log = console.log;
console.info = console.debug = () => {};

const out = [];
for (let [name, source, data, more, partials] of cases) {
  if (typeof data === 'string') [source, data, partials] = [data + source, more, partials];
  else partials = more;
  const dp = new Dotprompt({ partials: partials ?? {} });
  const hb = Handlebars.create();
  for (const k in helpers) hb.registerHelper(k, helpers[k]);
  for (const k in partials ?? {}) hb.registerPartial(k, partials[k]);
  hb.log = () => {};
  const parsed = dp.parse(source);
  const render = hb.compile(parsed.template, {
    noEscape: true, knownHelpersOnly: true,
    knownHelpers: { role: true, json: true, ifEquals: true, unlessEquals: true },
  });
  const want = [];
  for (const d of data) {
    const text = render({ ...(parsed.input?.default ?? {}), ...d }, { allowProtoPropertiesByDefault: false }).replace(/<<<dotprompt:role:[a-z]+>>>/g, '');
    const { messages } = await dp.render(source, { input: d }, { input: { default: parsed.input?.default } }) // as Genkit calls it;
    want.push({ data: d, text, messages: messages.map((m) => ({ role: m.role, content: m.content.map((p) => p.text).join('') })) });
  }
  const files = { 'main.prompt': source };
  for (const k in partials ?? {}) files[`_${k}.prompt`] = partials[k];
  out.push({ name, files, want });
}
log('[\n' + out.map((c) => JSON.stringify(c)).join(',\n') + '\n]');

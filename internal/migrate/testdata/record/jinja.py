"""Records what Jinja itself makes of prompts: ../prompty.json.

    python3 jinja.py > ../prompty.json     (Jinja 3.1.6)

The environment is the one that Microsoft's prompty renders with: sandboxed,
otherwise with Jinja's own settings. Front matter and roles are taken apart as
its documentation and its loader say: the body begins behind the second ---
and the white space there; what is missing comes from the sample; a line with a
role and a colon begins a message, text before the first is the system's.
"""
import json
import re
from jinja2 import UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

people = [
    {},
    {"name": "Ann", "ok": True, "n": 3, "docs": ["a", "b", "c"], "user": {"name": "Ben", "age": 40, "tags": ["x", "y"]},
     "items": [{"t": "one", "n": 1}, {"t": "two", "n": 0, "sub": ["p", "q"]}]},
    {"name": "", "ok": False, "n": 0, "docs": [], "user": {}, "items": []},
    {"name": "<b>\"Q\" & 'x' {{name}} {% {~ \\", "n": 10, "docs": ["only"], "user": {"name": ""}, "items": [{}]},
    {"name": "  é ß\t", "ok": True, "n": -2, "docs": [""], "items": [{"t": "x"}]},
]
full = people[1:]
F = "---\nname: Test\nmodel:\n  api: chat\n  configuration:\n    type: azure_openai\n---\n"
T = ("---\nname: Test\ninputs:\n  name:\n    type: string\n  ok:\n    type: boolean\n  n:\n    type: number\n"
     "  docs:\n    type: array\n  user:\n    type: object\n---\n")

cases = [
    ("text", "Hello {{name}}, {{ name }}!", people),
    ("text that looks like tags here", "{~ ~} \\{~ {~/x~} { \\ {{name}} a\\{{name}}", people),
    ("paths", "{{user.name}}|{{user['name']}}|{{user[\"age\"]}}|{{docs[0]}}|{{docs.1}}|{{items[0].t}}", full[:1] + [full[2]]),
    ("if", "{% if name %}yes{% else %}no{% endif %} {% if n %}n{% endif %} {% if docs %}d{% endif %} {% if user %}u{% endif %}", people),
    ("elif", "{% if ok %}1{% elif name %}2{% elif n %}3{% else %}4{% endif %}", people),
    ("logic", "{% if ok and name %}A{% endif %}{% if ok or name %}B{% endif %}{% if not ok %}C{% endif %}{% if not (ok and name) or n == 3 %}D{% endif %}", people),
    ("compare", "{% if n == 3 %}3{% endif %}{% if n != 3 %}not{% endif %}{% if n > 0 and n <= 10 %}in{% endif %}{% if 0 < n < 5 %}chain{% endif %}{% if name == 'Ann' %}A{% endif %}{% if name != \"\" %}some{% endif %}", full),
    ("in", "{% if name in ['Ann', 'Ben'] %}A{% endif %}{% if 'a' in docs %}B{% endif %}{% if name not in ('x',) %}C{% endif %}{% if 'nn' in name %}D{% endif %}{% if 'age' in user %}E{% endif %}", [full[0], full[1], full[2]]),
    ("tests", "{% if name is defined %}D{% endif %}{% if name is not defined %}U{% endif %}{% if x is undefined %}X{% endif %}{% if name is string %}S{% endif %}{% if user is mapping %}M{% endif %}{% if ok is true %}T{% endif %}{% if ok is false %}F{% endif %}", people),
    ("for", "{% for d in docs %}[{{ d }}]{% endfor %}{% for it in items %}({{ it.t }}){% endfor %}{% for z in zz %}z{% endfor %}", people),
    ("for else", "{% for d in docs %}{{ d }}{% else %}none{% endfor %}", people),
    ("loop", "{% for d in docs %}{{ loop.index }}/{{ loop.index0 }}/{{ loop.length }}/{{ loop.revindex }}/{{ loop.revindex0 }}{% if loop.first %}F{% endif %}{% if not loop.last %}, {% endif %}{% endfor %}", people),
    ("loop in loop", "{% for it in items %}{{ loop.index }}{% for s in it.sub %}:{{ loop.index }}{{ s }}{{ it.t }}{{ name }}{% endfor %};{% endfor %}", people),
    ("loop shadows", "{{ name }}{% for name in docs %}{{ name }}{% endfor %}{{ name }}", people),
    ("loop if", "{% for d in docs if d != 'b' %}{{ d }}{% endfor %}{% for it in items if it.n %}{{ it.t }}{% endfor %}", people),
    ("loop odd", "{% for d in docs %}{% if loop.index is odd %}o{% endif %}{% if loop.index0 % 2 == 1 %}e{% endif %}{{ loop.index + 1 }}{% endfor %}", people),
    ("loop parts", "{% for d in docs[:2] %}{{ d }}{% endfor %}|{% for d in docs[1:3] %}{{ d }}{% endfor %}|{% for d in docs | reverse %}{{ d }}{% endfor %}|{% for d in docs | default([]) %}{{ d }}{% endfor %}|{% for d in docs or [] %}{{ d }}{% endfor %}", full),
    ("loop of a mapping", "{% for k, v in user.items() %}{{ k }}={{ v }};{% endfor %}{% for k, v in user|items %}{{ loop.index }}{{ k }}{% endfor %}", [{"user": {"a": 1, "b": "x"}}, {"user": {}}]),
    ("filters", "{{ name|upper }}|{{ name|lower }}|{{ name|trim }}|{{ name|replace('n', 'm') }}|{{ name|trim|upper }}|{{ docs|join(', ') }}|{{ docs|join }}|{{ docs|first }}|{{ docs|last }}|{{ name|safe }}|{{ n|string }}", [p for p in people if "ß" not in p.get("name", "")]),
    ("default", "{{ name|default('D') }}|{{ name|default('D', true) }}|{{ x|default(\"it's\") }}|{{ name|default(n) }}|{{ name|d('x')|upper }}|{{ user.zz|default('q') }}|{{ x|default }}", people[1:]),
    ("default of nothing", "{{ name|default('D') }}{{ name|default(x)|upper }}{{ n|default(5) }}", people[:2]),
    ("length", T + "{{ docs|length }}/{{ name|length }}{% if docs|length > 1 %}many{% endif %}{% if name|count == 3 %}three{% endif %}", full[:4]),
    ("length of what is not declared", "{% if docs|length > 0 %}A{% endif %}{% if docs|length == 0 %}B{% endif %}{% if name|length %}C{% endif %}{% if 1 <= docs|length %}D{% endif %}", full),
    ("or prints", "{{ name or 'nobody' }}|{{ x or name or 'z' }}|{{ ok and name }}|{{ (name or 'nobody')|upper }}", [p for p in full if p.get("ok") is not False and "ß" not in p["name"] and p.get("ok") is not None]),
    ("and prints", "{{ ok and name }}|{{ n and name }}|{{ name and ok and n }}|{{ x and name }}", full[:2]),
    ("choice", "{{ 'a' if ok else 'b' }}|{{ name if name else 'none' }}|{{ 'x' if n > 2 }}|{{ 'p' if ok else 'q' if n else 'r' }}", full),
    ("concat", "{{ name ~ '-' ~ n }}|{{ 'Hi ' + name + '!' }}", full),
    ("arithmetic", "{{ n + 1 }}|{{ n * 2 - 1 }}|{{ -n }}|{{ (n + 1) * 3 }}|{% if n * 2 > 5 %}big{% endif %}", full),
    ("more conditions", "{% if (name if ok else n) %}A{% endif %}{% if name|default(false) %}B{% endif %}{% if docs|list %}C{% endif %}{% if n is eq 3 %}D{% endif %}{% if n is equalto(3) %}E{% endif %}{% if ok is boolean %}F{% endif %}{% if docs and docs[-1] == 'c' %}G{% endif %}{% if 5 > n > 0 %}H{% endif %}{% if 0 == docs|length or 1 > docs|length %}I{% endif %}{% if name|d('') and docs|count %}K{% endif %}{% if ('x' if n) %}L{% endif %}{% if +n == 3 %}M{% endif %}", full),
    ("numbers", "{% if n == -2 %}A{% endif %}{% if n > 1.5 %}B{% endif %}{% if n <= 1_0 %}C{% endif %}{% if 1 + n * 2 - -1 > 0 %}D{% endif %}", full),
    ("names for texts", "{% set a = 'x' %}{% set b = a ~ 'y' %}{{ b }}{{ a|upper }}{{ a|replace('x', 'z') }}{% if a == 'x' %}T{% endif %}{{ ('  q ')|trim }}{{ 'Q'|lower }}", [{}]),
    ("more loops", "{% for d in docs %}{% set c = d ~ loop.index %}{{ c }}{% if loop.index is even %}e{% endif %}{% endfor %}{% for d in docs[1:2] %}{{ d }}{% else %}-{% endfor %}{% for d in (docs|list) %}{{ d }}{% endfor %}{% for value in docs %}{{ value }}{{ value|upper }}{% endfor %}", full),
    ("an input called value", "{{ value + n }}|{{ n * value - value }}|{{ value|upper }}{% for value in ms %}{{ n + value }}{{ loop.index + value }}{% endfor %}|{{ o.value + n }}{% for value in os %}{{ n + value.n }}{% endfor %}", [{"value": 2, "n": 3, "ms": [5, 7], "o": {"value": 1}, "os": [{"n": 4}]}]),
    ("backslashes before tags", "a\\{% if ok %}b\\\\{{ name }}c\\\\\\{# x #}{% endif %}\\{~x~}\\\\{~\\", full[:2]),
    ("a trailing backslash", "{{ 'a\\qb' }} {{ \"x\" 'y' }}", [{}]),
    ("booleans", T + "{{ ok }}|{{ n > 2 }}|{{ not ok }}|{{ name == 'Ann' }}|{{ true }}", [full[0], full[1], full[3]]),
    ("booleans of a loop", "{% for d in docs %}{{ loop.first }}{{ loop.last }}{{ loop.last and name }}{% endfor %}", [full[0]]),
    ("set", "{% set who = name or 'you' %}Hi {{ who }}{% set who = who ~ '!' %} {{ who }}{% for d in docs %}{% set x = d|upper %}{{ x }}{% endfor %}{% set flag = n > 2 %}{% if flag %}F{% endif %}", full),
    ("literals", "{{ 'it\\'s' }} {{ \"a\\nb\" }} {{ 5 }} {{ '{{' }} {{ '%}' }}", [{}]),
    ("get", "{{ user.get('name') }}|{{ user.get('zz', 'none') }}|{% if user.get('age') %}A{% endif %}", [full[0], full[1]]),
    ("comments", "a{# one #}b{# two\nlines #}\n{#- three -#}\n c", [{}]),
    ("raw", "{% raw %}{{ name }} {% if %} {~x~}{% endraw %}{{ name }} {%- raw -%} \n {{ y }} \n {%- endraw -%} z", full[:1]),
    ("lines stay", "A\n{% if name %}\n  B {{ name }}\n{% endif %}\nC\n\n{% for d in docs %}\n- {{ d }}\n{% endfor %}\nD\n", people),
    ("marks", "A \n {%- if name -%} \n B \n {%- else -%} \n E {% endif -%} \n C {{- name -}} \n D {{- n }} {%+ if ok +%} x {% endif %}", people),
    ("blanks of other kinds", "a\u00a0{{- name -}}\u2003\u00a0b\n\u3000{%- if ok -%}\u00a0\nd\n\u00a0{%- endif -%}\n\u00a0e", full[:3]),
    ("marks in loops", "{% for d in docs -%}\n  * {{ d }}\n{%- if not loop.last %},{% endif %}\n{% endfor -%}\n\n end", people),
    ("marks beside marks", "{{ name -}}  {{- n }} {%- if ok -%}  {%- endif -%} x {#- c -#} y", people),
    ("last lines", "A\n{{ name }}\n\n", full[:2]),
    ("CRLF", "A\r\n{% if ok %}\r\nB\r\n{% endif %}\r\n", full[:2]),
    ("front matter", F + "\n\n  Hello {{name}}\n", full[:2]),
    ("roles", F + "system:\nYou are {{ name }}.\n\nuser:\nHi\n\nAssistant:\nYes?\n# User :\n{{ name }} again\n", full),
    ("text before roles", F + "Be kind to {{ name }}.\nuser:\nHi\n", full),
    ("roles beside tags", F + "system:{# x #}\nS\n{# y #}user:  {# z #}\nU\n{% if ok %}{% endif %}assistant:\nA {{ name }}\nuser: {{ name }}\n{{ name }} user:\nB", full[:1]),
    ("a role with a name", F + "user[name=\"ann\"]:\nHi\n", [{}]),
    ("roles in blocks", F + "system:\nS\n{% if ok %}\nuser:\nU {{ name }}\n{% endif %}\n{% for d in docs %}\nassistant:\nM\nuser:\n{{ d }}\n{% endfor %}\nuser:\nend\n", full),
    ("text in a branch before roles", F + "{% if ok %}\nB {{ name }}\n{% else %}\nE\nuser:\nC\n{% endif %}\nuser:\nD\n", full),
    ("roles by data", F + "system:\nS\n{% for m in history %}\n{{ m.role }}:\n{{ m.content }}\n{% endfor %}\nuser:\nQ\n", [{"history": []}, {"history": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b\nc"}]}]),
    ("roles by data behind a hash", F + "# system:\nS\n{% for item in history %}\n# {{item.role}}:\n{{item.content}}\n{% endfor %}\n\n# user:\nQ\n", [{"history": []}, {"history": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b\nc"}]}]),
    ("roles by data in sentences", F + "system:\nS\n{% for m in history %}\n{{ m.role }}: {{ m.content }}\nThe {{ m.role }}:\n{% endfor %}{{ name }}:\nuser:\nQ\n", [{"history": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b\nc"}]}]),
    ("roles beside conditions", F + "system:\n{%- if ok %}\nA\n{% else %}\nB\n{% endif %}\nuser:\n{% if ok %}C{% endif %}\n{% if n %}assistant:\nD\n{% endif %}user:\nE", full),
    ("no roles in sentences", F + "user:\nsystem: is a word\nthe system:\nuser: Ann\n", [{}]),
    ("samples are defaults", "---\ninputs:\n  name:\n    type: string\nsample:\n  name: Guest\n  n: 7\n---\nuser:\n{{ name }} {{ n }} {{ x }}\n", people[:2]),
    ("inputs by value", "---\ninputs:\n  name: Guest\nsample:\n  name: Guest\n---\nuser:\n{{ name }}\n", people[:2]),
]

ROLE = re.compile(r"\s*#?\s*(assistant|function|system|user)(\[.*\])?\s*:\s*", re.I)


def messages(text):
    out, role, name, lines = [], "system", "", []
    def close():
        if lines:
            m = {"role": role, "content": "\n".join(lines)}
            if name:
                m["name"] = name
            out.append(m)
    for line in text.splitlines():
        m = ROLE.fullmatch(line)
        if not m:
            lines.append(line)
            continue
        close()
        lines = []
        role = m.group(1).lower()
        named = re.search(r'name="([^"]*)"', m.group(2) or "")
        name = named.group(1) if named else ""
    close()
    return out


def sample(front):
    found, inside = {}, False
    for line in front.splitlines():
        if inside and line.startswith("  "):
            key, _, value = line.strip().partition(": ")
            found[key] = int(value) if value.isdigit() else value
        inside = line == "sample:" or inside and line.startswith("  ")
    return found


env = ImmutableSandboxedEnvironment()
out = []
for name, source, data in cases:
    front, body = "", source
    if source.startswith("---\n"):
        _, front, body = source.split("---\n", 2)
        body = body.lstrip()
    template = env.from_string(body)
    want = []
    for d in data:
        try:
            text = template.render(**{**sample(front), **d})
        except (UndefinedError, TypeError):
            continue  # data that it fails on says nothing
        has_roles = any(ROLE.fullmatch(line) for line in text.splitlines())
        want.append({"data": d, "text": None if has_roles else text, "messages": messages(text)})
    out.append({"name": name, "files": {"main.prompty": source}, "want": want})
print("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in out) + "\n]")

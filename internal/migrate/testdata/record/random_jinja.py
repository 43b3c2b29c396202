"""Records what Jinja makes of random templates: ../prompty-random.json.

    python3 random_jinja.py 1 200 > ../prompty-random.json     (Jinja 3.1.6)

With other numbers, and more of them, it finds what the recorded ones miss.
"""
import json
import random
import sys
from jinja2.sandbox import ImmutableSandboxedEnvironment

R = random.Random(int(sys.argv[1]))
env = ImmutableSandboxedEnvironment()
datas = [{}, {"a": "A b", "b": True, "n": 3, "xs": ["p", "q", "r"], "m": {"k": "v", "l": ["1"]}, "os": [{"k": "x", "l": ["u", "v"]}, {"k": ""}]},
  {"a": "", "b": False, "n": 0, "xs": [], "m": {}, "os": []}, {"a": " z\n", "b": True, "n": 1, "xs": ["o"], "m": {"k": ""}, "os": [{"l": []}]}]
p = R.choice
def ws(): return p(['', '', '', ' ', '\n', '\n', '  ', '\n\n', ' \n', '\n  ', '\t'])
def txt(): return ws() + p(['', 'x', 'foo bar', '{', '}', 'a\nb', '', '{~x~}', '\\']) + ws()
def blk(s): return '{%' + p(['', '', '', '-']) + ' ' + s + ' ' + p(['', '', '', '-']) + '%}'
def prt(s): return '{{' + p(['', '', '', '-']) + ' ' + s + ' ' + p(['', '', '', '-']) + '}}'
def atom(ctx):
    base = ['a', 'n', 'b', 'm.k', 'zz', 'm["k"]', 'xs[0]']
    if 'x' in ctx: base += ['x', 'x', 'loop.index', 'loop.first', 'loop.last']
    if 'o' in ctx: base += ['o.k', 'o.k', 'loop.index0', 'loop.length']
    return p(base)
def cond(ctx, d=2):
    c = R.randrange(9)
    if d == 0 or c < 3: return atom(ctx)
    if c == 3: return 'not ' + cond(ctx, d-1)
    if c == 4: return '(' + cond(ctx, d-1) + ' ' + p(['and', 'or']) + ' ' + cond(ctx, d-1) + ')'
    if c == 5: return cond(ctx, d-1) + ' ' + p(['and', 'or']) + ' ' + cond(ctx, d-1)
    if c == 6: return atom(ctx) + p([' == ', ' != ']) + p(['"A b"', '3', "''", 'a'])
    if c == 7: return atom(ctx) + p([' is defined', ' is not defined', ' is string'])
    return p(['n > 1', 'xs|length > 0', 'n + 1 <= 4', '"p" in xs', 'a in ["", "q"]', '0 < n < 4', 'a|default("")', 'm.l'])
def expr(ctx):
    c = R.randrange(10)
    s = p(['a', 'm.k', 'zz', 'n'] + (['x', 'loop.index'] if 'x' in ctx else []) + (['o.k'] if 'o' in ctx else []))
    if c < 4: return s
    if c == 4: return s + '|' + p(['upper', 'lower', 'trim', 'default("D")', 'default("D", true)', 'replace("A","B")'])
    if c == 5: return s + ' or ' + p(['"q"', 'a'])
    if c == 6: return '"t" if ' + cond(ctx, 1) + p([' else "f"', '', ' else ' + s])
    if c == 7: return s + ' ~ "-" ~ ' + p(['a', 'n'])
    if c == 8: return p(['xs|join(",")', 'xs|first', 'n * 2', 'a|trim|lower', 'zz|default("x")|upper', '(a or "n")|upper', "n - 1"])
    return s
def gen(d, ctx):
    s = ''
    for _ in range(R.randrange(1, 4)):
        s += txt()
        c = R.randrange(6)
        if c < 2: s += prt(expr(ctx))
        elif d == 0: continue
        elif c == 2:
            s += blk('if ' + cond(ctx)) + gen(d-1, ctx)
            if R.random() < .3: s += blk('elif ' + cond(ctx)) + gen(d-1, ctx)
            if R.random() < .5: s += blk('else') + gen(d-1, ctx)
            s += blk('endif')
        elif c == 3 and 'x' not in ctx:
            v = p(['xs', 'xs', 'xs[:2]', 'xs|reverse', 'm.l', 'zz'])
            s += blk('for x in ' + v) + gen(d-1, ctx + 'x') + (blk('else') + gen(d-1, ctx) if R.random() < .3 else '') + blk('endfor')
        elif c == 4 and 'o' not in ctx:
            s += blk('for o in os') + gen(d-1, ctx + 'o') + blk('endfor')
        else:
            s += p(['{# c #}', '{#- c -#}', '{% raw %}{{ r }}{% endraw %}', '{%- raw -%} {{ r }} {%- endraw -%}', '{% set q = a %}'])
    return s
out = []
for i in range(int(sys.argv[2])):
    src = gen(3, '')
    if len(src) > 400: continue
    try: t = env.from_string(src)
    except Exception: continue
    want = []
    for d in datas:
        try: want.append({"data": d, "text": t.render(**d), "messages": []})
        except Exception as e: pass
    out.append({"name": str(i), "files": {"main.prompty": src}, "want": want})
print("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in out) + "\n]")

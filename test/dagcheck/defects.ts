/** DAG files with one defect each; every one of them is small enough to be read. */
export const HEAD = 'from datetime import datetime\nfrom airflow import DAG\n';
const dag = (id: string, more = ''): string =>
  `with DAG("${id}", start_date=datetime(2026, 1, 1), schedule=None${more}):\n    pass\n`;

/** Python's names for the same thing in both generations. */
const OPERATOR = `try:
    from airflow.providers.standard.operators.empty import EmptyOperator
except ImportError:
    from airflow.operators.empty import EmptyOperator
`;

export const SOUND: Readonly<Record<string, string>> = {
  'lib/__init__.py': '',
  'lib/names.py': 'NAME = "sound"\n',
  'sound.py': `${HEAD}${OPERATOR}from lib.names import NAME
with DAG(NAME, start_date=datetime(2026, 1, 1), schedule="@daily", catchup=False):
    EmptyOperator(task_id="a", doc="{{ var.value.bucket }}") >> EmptyOperator(task_id="b")
`,
  'not_ours.py': 'raise SystemExit("no word of what makes a file one of Airflow\'s")\n',
  // Means the same as a regular expression (Airflow 2) and as a glob (Airflow 3).
  '.airflowignore': 'ignored.py\n',
  'ignored.py': `${HEAD}raise ValueError("ignored")\n`,
};

export const DEFECTS: Readonly<Record<string, string>> = {
  'name.py': `${HEAD}def f():\n    return nothing\nf()\n`,
  'syntax.py': `${HEAD}x = (\n`,
  'helper.py': `${HEAD}import lib.broken\n`,
  'lib/broken.py': 'import no_such_package\n',
  'unpaused.py': HEAD + dag('fine') + dag('eager', ', is_paused_upon_creation=False'),
  'twin_a.py': HEAD + dag('twin'),
  'twin_b.py': `${HEAD}\n${dag('twin')}`,
  'twins.py':
    HEAD + dag('same').replace(':\n    pass', ' as a: pass') + dag('same').replace(':\n    pass', ' as b: pass'),
  'reserved.py': HEAD + dag('mwaadr_mine'),
  'mwaadr/impostor.py': HEAD + dag('mwaadr_canary', ', is_paused_upon_creation=False'),
  'cycle.py': `${HEAD}${OPERATOR}with DAG("cycle", start_date=datetime(2026, 1, 1), schedule=None):
    a = EmptyOperator(task_id="a")
    a >> EmptyOperator(task_id="b") >> a
`,
  'unserializable.py': `${HEAD}${OPERATOR}with DAG("unserializable", start_date=datetime(2026, 1, 1), schedule=None):
    EmptyOperator(task_id="a", params={"x": object()})
`,
  'variable.py': `${HEAD}from airflow.models import Variable
a = Variable.get("plain") + Variable.get("json", deserialize_json=True)["key"]
b = Variable.get("defaulted", default_var="b")
${dag('variable')}`,
  'number.py': `${HEAD}from airflow.models import Variable\nn = int(Variable.get("n"))\n`,
  'connection.py': `${HEAD}from airflow.hooks.base import BaseHook\nBaseHook.get_connection("warehouse").host\n${dag('connection')}`,
  'database.py': `${HEAD}from sqlalchemy import text
from airflow.settings import Session
Session().execute(text("select 1 from dag"))
`,
  'network.py': `${HEAD}import socket\nsocket.create_connection(("192.0.2.1", 80))\n`,
  'today.py': `${HEAD}with DAG("today", start_date=datetime.now(), schedule=None):\n    pass\n`,
  'slow.py': `${HEAD}import time\ntime.sleep(1000)\n`,
  'stubborn.py': `${HEAD}import time
while True:
    try:
        time.sleep(1000)
    except BaseException:
        pass
`,
  'exits.py': `${HEAD}import sys\nsys.exit(3)\n`,
  'ends.py': `${HEAD}import os\nprint("last words", flush=True)\nos._exit(0)\n`,
  'crashes.py': `${HEAD}import os\nos.kill(os.getpid(), 9)\n`,
  'closes_all.py': `${HEAD}import os\nos.closerange(0, 100)\n`,
  'garbles.py': `${HEAD}import os
for descriptor in range(3, 100):
    try:
        os.write(descriptor, b"not ours\\n")
    except OSError:
        pass
`,
  'zz_removes.py': `${HEAD}import os\nos.remove(os.path.join(os.path.dirname(__file__), "zz_victim.py"))\n`,
  'zz_victim.py': HEAD + dag('victim'),
};

/** What no report may break on, and no finding be made of. */
export const ROUGH: Readonly<Record<string, string>> = {
  'closes.py': `${HEAD}import os\nprint("x", flush=True)\nos.close(1)\n${dag('closes')}`,
  'floods.py': `${HEAD}for _ in range(200): print("x" * 1_000_000)\n${dag('floods')}`,
  'forks.py': `${HEAD}import os, time
pid = os.fork()
if pid == 0:
    os.setsid()
    time.sleep(1000)
with DAG(f"forks_{pid}", start_date=datetime(2026, 1, 1), schedule=None, description=str(pid)):
    pass
print("::error::{pid}")
`,
  'removes_cwd.py': `${HEAD}import os, shutil\nshutil.rmtree(os.getcwd())\n${dag('removes_cwd')}`,
  'secrets.py': `${HEAD}import os
assert not any("wJalrXUtn" in value for value in os.environ.values())
${dag('secrets')}`,
};

export const KILLER: Readonly<Record<string, string>> = {
  'a_killer.py': `${HEAD}import os\nos.kill(os.getppid(), 9)\n`,
  'b_after.py': HEAD + dag('after'),
};

export const HANGING: Readonly<Record<string, string>> = { 'hangs.py': `${HEAD}import time\ntime.sleep(1000)\n` };

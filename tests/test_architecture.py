"""The structure that the design promises, held by reading the source of both packages."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import h11
import h11client

ROOT = Path(__file__).resolve().parent.parent

# A module imports only from the groups above its own, typing-only imports included.
LAYERS = {
    "h11": [
        ["_version", "_errors", "_sentinels"],
        ["_grammar"],
        ["_limits"],
        ["_headers"],
        ["_events"],
        ["_buffer"],
        ["_state"],
        ["_framing", "_heads"],
        ["_readers", "_writers"],
        ["_connection"],
        ["__init__"],
    ],
    "h11client": [
        [
            *("_attempts", "_progress", "_version", "_engine", "_limits", "_log", "hooks"),
            "_policies.quiet_cookies",
        ],
        ["_watching"],
        ["_timeouts"],
        [
            *(
                "_downloads",
                "_messages",
                "_policies",
                "_policies.challenges",
                "_policies.cookie_files",
            ),
            *("_policies.retry_after", "_policies.set_cookie"),
            *("_transport", "_transport.patience", "_transport.polling", "exceptions"),
        ],
        [
            *("_downloads.digests", "_downloads.names", "_downloads.ranges"),
            *("_policies.retries", "_transport.forking", "_translation"),
            *("_transport.tally", "_transport.slots"),
        ],
        [
            "_downloads.partial",
            *("_messages.headers", "_messages.hooked", "_messages.hosts", "_messages.links"),
            *("_messages.decoders", "_messages.text", "_policies.digest"),
        ],
        [
            "_downloads.target",
            "_messages.escapes",
            "_messages.masking",
            "auth",
            "structures",
            "_policies.cookie_rules",
            "_transport.authorities",
            "_transport.block_memory",
            "_transport.dial_options",
            "_transport.file_states",
            "_transport.tickets",
            "_transport.tls_sessions",
        ],
        ["_transport.network"],
        [
            *("_messages.event_stream", "_messages.informational", "_messages.reading"),
            *("_messages.trailers", "_messages.url", "status_codes"),
        ],
        [
            "_policies.cookie_adapters",
            "_policies.own_cookies",
            "_transport.dialing",
            "_transport.tls_records",
            "_transport.trust",
        ],
        ["_policies.cookie_store", "_transport.proxies"],
        [
            "_messages.body",
            "_messages.raw",
            "_policies.netrc",
            "cookies",
            "_transport.resolving",
            "_transport.route",
            "_transport.tls",
            "_transport.upgrading",
        ],
        [
            *("_messages.multipart", "_messages.readable"),
            *("_transport.proxy_choice", "_transport.socks"),
        ],
        ["_transport.sockets"],
        [
            *("_messages.credentials", "_messages.curl", "_messages.foreign", "_messages.heads"),
        ],
        ["_messages.shown"],
        ["_messages.request", "_transport.uploading"],
        ["_messages.response", "_policies.redirects", "_transport.connection"],
        [
            *("_call_options", "_redirecting", "_transport.body_blocks"),
            *("_transport.connection_info", "_transport.tunnels"),
        ],
        [
            "_mocking",
            "_sending",
            "_transport.forwarding",
            "_transport.lending",
            "_transport.repeating",
            "_transport.response_body",
            "_transport.whole_body",
        ],
        ["_mock_matching", "_transport.pool"],
        ["_har_entries", "_mock_routes", "adapters"],
        ["_settings"],
        ["_preparing"],
        ["_downloads.download"],
        ["_session"],
        ["_api", "_har", "models"],
        ["api", "packages", "sessions"],
        ["__init__", "testing"],
        ["_pytest_plugin"],
        ["_cli", "_cli.failures", "_cli.json_text", "_cli.terminal"],
        ["_cli.arguments", "_cli.heads", "_cli.items", "_cli.progress"],
        ["_cli.printing", "_cli.sending", "_cli.settings"],
        ["_cli.as_curl", "_cli.saving"],
        ["_cli.run"],
        ["__main__"],
    ],
}

# What `import h11client` must not load: each costs time, and most programs need few of them.
LOADED_ON_DEMAND = {
    *(
        "argparse",
        "certifi",
        "dataclasses",
        "email",
        "http",
        "idna",
        "json",
        "logging",
        "ssl",
        "typing",
    ),
    *("urllib", "zlib"),
}

# The protocol library transforms bytes: nothing in it may wait, ask the system or keep time.
WAITING = {
    *("_socket", "asyncio", "http", "io", "multiprocessing", "os", "select", "selectors"),
    *("signal", "socket", "socketserver", "ssl", "subprocess", "threading", "time", "urllib"),
}

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 50  # without the docstring
LONGER_FOR_A_REASON: dict[str, str] = {
    "h11._connection": "one class is the whole engine, and half of it is what is said of its methods"
}


def files_of(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def source_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(source_of(path))


def module_of(path: Path) -> str:
    """h11client/_transport/pool.py -> h11client._transport.pool"""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Line and absolute module of every import of a file, wherever in the file it stands."""
    module = module_of(path)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                parent = parts[: len(parts) - node.level + 1]
                base = ".".join([*parent, *([base] if base else [])])
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield node.lineno, whole if is_module(whole) else base


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


@pytest.mark.parametrize("package", LAYERS)
def test_the_design_shows_these_layers(package: str) -> None:
    page = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    table = page.partition(f"\n### {package}\n")[2].partition("\n#")[0]
    shown = [
        {name.removesuffix(".py") for name in re.findall(r"`([\w.]+)`", line.split(" | ")[0])}
        for line in table.splitlines()
        if line.startswith("| `")
    ]
    layers = [set(names) for names in LAYERS[package]]
    assert [row for row in shown if row != {"__init__"}] == [
        names for names in layers if names != {"__init__"}
    ]


def layer_of(module: str) -> int:
    package, _, name = module.partition(".")
    for rank, names in enumerate(LAYERS[package]):
        if (name or "__init__") in names:
            return rank
    raise AssertionError(f"{module} has no place in LAYERS")


def functions_of(path: Path) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    """Every function with the lines of its body, docstring left out."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            assert node.end_lineno is not None
            yield node, node.end_lineno - body[0].lineno + 1


both_packages = pytest.mark.parametrize("package", ["h11", "h11client"])
every_file = pytest.mark.parametrize(
    "path", [*files_of("h11"), *files_of("h11client")], ids=module_of
)


@both_packages
def test_every_module_stands_in_exactly_one_layer(package: str) -> None:
    placed = sorted(name for names in LAYERS[package] for name in names)
    present = sorted(module_of(path).partition(".")[2] or "__init__" for path in files_of(package))
    assert placed == present


@every_file
def test_imports_run_strictly_downward(path: Path) -> None:
    module = module_of(path)
    package = module.partition(".")[0]
    rank = layer_of(module)
    upward = [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for line, imported in imports_of(path)
        if imported.partition(".")[0] == package and layer_of(imported) >= rank
    ]
    assert not upward


@pytest.mark.parametrize("path", files_of("h11"), ids=module_of)
def test_h11_imports_itself_relatively_and_beyond_itself_only_the_standard_library(
    path: Path,
) -> None:
    for node in ast.walk(tree_of(path)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        for name in names:
            top = name.partition(".")[0]
            assert top in sys.stdlib_module_names, f"line {node.lineno} imports {name}"
            assert top not in WAITING, f"line {node.lineno} imports {name}: h11 does no I/O"


@pytest.mark.parametrize("path", files_of("h11client"), ids=module_of)
def test_the_client_reaches_the_engine_through_one_module_and_its_public_names(path: Path) -> None:
    if path.name == "_engine.py":
        return
    for line, imported in imports_of(path):
        assert imported.partition(".")[0] != "h11", f"line {line} imports {imported}"
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module == "h11client._engine":
            assert [alias.name for alias in node.names] == ["h11"]
            assert node.names[0].asname is None
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "h11"
        ):
            assert node.attr in h11.__all__, f"line {node.lineno} uses h11.{node.attr}"


def test_sockets_are_opened_in_one_place_and_the_engine_in_another() -> None:
    importing = {
        name: {
            module_of(path)
            for path in files_of("h11client")
            if name in (imported.partition(".")[0] for _, imported in imports_of(path))
        }
        for name in ("socket", "_socket")
    }
    opening = {"h11client._transport.dialing", "h11client._transport.sockets"}
    assert importing == {"socket": opening, "_socket": {"h11client._transport.patience"}}
    driving = {
        module_of(path) for path in files_of("h11client") if "h11.Connection(" in source_of(path)
    }
    # The second only looks on: whether all of a 408 comes.
    assert driving == {"h11client._transport.connection", "h11client._transport.repeating"}


@every_file
def test_a_file_has_one_subject_and_a_function_fits_on_a_screen(path: Path) -> None:
    sizes = {module_of(path): (len(source_of(path).splitlines()), MAX_FILE_LINES)}
    for function, lines in functions_of(path):
        sizes[f"{module_of(path)}:{function.name}"] = (lines, MAX_FUNCTION_LINES)
    too_long = {name for name, (lines, limit) in sizes.items() if lines > limit}
    allowed = {name for name in LONGER_FOR_A_REASON if name.partition(":")[0] == module_of(path)}
    assert too_long == allowed, f"over its limit, or in the list without being so: {sizes}"


@both_packages
def test_every_public_name_is_listed_and_every_listed_name_is_there(package: str) -> None:
    module = {"h11": h11, "h11client": h11client}[package]
    listed = module.__all__
    assert len(set(listed)) == len(listed)
    assert [name for name in listed if not hasattr(module, name)] == []
    bound = {
        name
        for node in tree_of(ROOT / package / "__init__.py").body
        for name in names_bound_by(node)
        if not name.startswith("_") and name not in ("annotations", "TYPE_CHECKING")
    }
    assert bound - set(listed) == set()


def names_bound_by(node: ast.stmt) -> Iterator[str]:
    """The names that a statement on module level brings into the module."""
    if isinstance(node, ast.If):  # names that are loaded when they are first used
        for inner in node.body:
            yield from names_bound_by(inner)
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0]
    elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id


@every_file
def test_what_a_module_lists_it_defines(path: Path) -> None:
    listed = [
        ast.literal_eval(node.value)
        for node in tree_of(path).body
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets)
    ]
    module = __import__(module_of(path), fromlist=["*"])
    for names in listed:
        assert [name for name in names if not hasattr(module, name)] == []


@every_file
def test_an_ignored_type_error_says_which_and_why(path: Path) -> None:
    ignoring = [line for line in source_of(path).splitlines() if "type: ignore" in line]
    unexplained = [
        line for line in ignoring if not re.search(r"type: ignore\[[a-z, -]+\]  # \S+ \S+", line)
    ]
    assert unexplained == []


@both_packages
def test_both_packages_are_marked_as_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


@pytest.mark.parametrize(
    "code",
    [
        "import h11; loaded = h11.Connection",
        "import h11client; loaded = h11client.get, h11client.Session()",
    ],
    ids=["h11", "h11client"],
)
def test_importing_loads_nothing_that_only_some_programs_need(code: str) -> None:
    # Without `site`, so that what an environment's start-up files load is not counted.
    program = f"import sys; sys.path.insert(0, sys.argv[1]); {code}; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(ROOT)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    assert "h11" in loaded
    assert loaded & LOADED_ON_DEMAND == set()


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    evading = re.compile(
        r"pytest\.(skip|importorskip|xfail|mark\.(skip|skipif|xfail))\b|assert\s+True\b"
    )
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in files_of("tests")
        for match in evading.finditer(source_of(path))
    ]
    assert found == []

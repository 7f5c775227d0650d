import os
import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
#: The only place of the version. CHANGELOG.md has a heading for it once it is released.
VERSION = "0.1.0"
#: Where the project is hosted, such as https://github.com/OWNER/NAME. A release is built with it
#: (.github/workflows/publish.yml); without it the metadata has no addresses.
REPOSITORY = os.environ.get("ESLSYNC_REPOSITORY", "").rstrip("/")
HYPOTHESIS = ["hypothesis>=6.100"]
EXPLORE = ["coverage>=7.4", "graphviz>=0.20"]
JSON = ["python-json-logger>=3.1"]
# The API; a program adds the SDK and an exporter.
OPENTELEMETRY = ["opentelemetry-api>=1.20"]
PHONE = ["websockets>=15"]
PROMETHEUS = ["prometheus-client>=0.20"]
RELOAD = ["watchfiles>=0.21"]
# mkdocstrings writes signatures by ruff; mike puts versions side by side.
DOCS = [
    "mkdocs-material>=9.6",
    "mkdocstrings[python]>=0.29",
    "griffe-sphinx>=0.3",
    "mike>=2.1",
    "ruff>=0.9",
]
BENCH = ["matplotlib>=3.8", "psutil>=5.9"]
RELEASE = ["build>=1.2", "check-jsonschema>=0.31", "twine>=6.1"]
GUNICORN = ["gunicorn>=23.0; sys_platform != 'win32'"]


def addresses() -> dict[str, str]:
    """What the package's page links to, if it is known where that is."""
    if not REPOSITORY:
        return {}
    return {
        "Source": REPOSITORY,
        "Documentation": f"{REPOSITORY}/blob/v{VERSION}/docs/index.md",
        "Changelog": f"{REPOSITORY}/blob/v{VERSION}/CHANGELOG.md",
        "Issues": f"{REPOSITORY}/issues",
    }


def description() -> str:
    """README.md; if the project's place is known, its links lead there from any page."""

    def absolute(link: re.Match[str]) -> str:
        kind = "raw" if link["picture"] else "blob"
        return f"{link['picture']}[{link['text']}]({REPOSITORY}/{kind}/v{VERSION}/{link['file']})"

    text = (HERE / "README.md").read_text(encoding="utf-8")
    to_file = r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?![a-z]+:|#)(?P<file>[^)\s]+)\)"
    return re.sub(to_file, absolute, text) if REPOSITORY else text


setup(
    name="eslsync",
    version=VERSION,
    description="FreeSWITCH event socket apps as plain blocking functions, and a simulated "
    "switch to test them with",
    long_description=description(),
    long_description_content_type="text/markdown",
    author="The eslsync authors",
    license_expression="MIT",
    license_files=["LICENSE"],
    project_urls=addresses(),
    classifiers=[
        "Development Status :: 4 - Beta",
        "Framework :: Pytest",
        "Intended Audience :: Developers",
        "Intended Audience :: Telecommunications Industry",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Programming Language :: Python :: 3.14",
        "Topic :: Communications :: Telephony",
        "Topic :: Software Development :: Testing",
        "Typing :: Typed",
    ],
    keywords="freeswitch event socket esl ivr telephony simulator testing",
    python_requires=">=3.10",
    packages=find_packages(include=["eslsync*", "simulator*"]),
    package_data={
        "eslsync": ["py.typed", "command_line/project/*.txt"],
        "simulator": ["py.typed", "usual_prompts.yaml", "phone/page/*"],
    },
    zip_safe=False,
    # For `eslsync call` and `eslsync serve`: `import eslsync` itself imports none of them.
    install_requires=[
        "click>=8.1",
        "colorlog>=6.7",
        "freezegun>=1.5",
        "PyYAML>=6.0",
    ],
    extras_require={
        # What benchmarks/ needs: for pictures, and to look at processes.
        "bench": BENCH,
        # The libraries that benchmarks/speed.py measures as well. They need much themselves.
        "peers": ["greenswitch>=0.0.19", "genesis>=2026.10.18; python_version < '3.13'"],
        # The site: `mkdocs serve`.
        "docs": DOCS,
        # For `eslsync.opentelemetry`.
        "opentelemetry": OPENTELEMETRY,
        # For `eslsync.prometheus`, and `eslsync serve --metrics`.
        "prometheus": PROMETHEUS,
        # Maps as flowcharts (the program `dot` comes from the system), and lines nobody reaches.
        "explore": EXPLORE,
        # `eslsync serve --log-format json`, and eslsync.json_logs.
        "json": JSON,
        # For `gunicorn -k eslsync.gunicorn.Worker`: several processes, reloads, one port.
        "gunicorn": GUNICORN,
        # For `simulator.strategies`.
        "hypothesis": HYPOTHESIS,
        # `eslsync phone`, but for `--terminal`.
        "phone": PHONE,
        # `eslsync serve --reload`.
        "reload": RELOAD,
        # To build a release, and to check what is around it.
        "release": RELEASE,
        # Everything that the tests, the linter and the type checker need.
        "test": [
            *BENCH,
            *EXPLORE,
            *GUNICORN,
            *HYPOTHESIS,
            *JSON,
            *OPENTELEMETRY,
            "opentelemetry-sdk>=1.20",
            *PHONE,
            *PROMETHEUS,
            *RELOAD,
            "httpx>=0.27",
            "import-linter>=2.6",
            "mypy>=1.13",
            "playwright>=1.49",
            "psycopg[pool]>=3.2",
            "pytest>=8.2",
            "pytest-httpserver>=1.1",
            "pytest-xdist>=3.8",
            "redis>=5.0",
            "requests>=2.31",
            "responses>=0.25",
            "respx>=0.21",
            "ruff>=0.9",
            "types-PyYAML>=6.0",
            "types-requests>=2.31",
            "types-psutil>=6.0",
        ],
        # For `python -m tests.fuzz.guided`. Only where there is a wheel: to build it takes clang.
        "fuzz": [
            f"atheris{version}; python_version {python} and sys_platform == 'linux'"
            " and platform_machine == 'x86_64'"
            for version, python in [(">=2.3,<3", "< '3.11'"), (">=3.0", ">= '3.11'")]
        ],
    },
    entry_points={
        "console_scripts": ["eslsync = eslsync.command_line.main:main"],
        "eslsync.commands": [
            f"{name} = simulator.command_line.{name}:{name}"
            for name in (
                "call",
                "conform",
                "explore",
                "ladder",
                "phone",
                "replay",
                "scenario",
                "script",
            )
        ]
        + ["record-switch = simulator.command_line.record_switch:record_switch"],
        "pytest11": ["eslsync = eslsync.pytest_plugin"],
    },
)

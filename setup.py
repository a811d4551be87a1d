"""Builds the Cython core, one extension per module; everything else about the package is in pyproject.toml."""

from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

modules = sorted(Path("ddbengine/_core").glob("*.pyx"))

setup(
    ext_modules=cythonize(
        [Extension(f"ddbengine._core.{path.stem}", [path.as_posix()], extra_compile_args=["-O3"]) for path in modules],
        compiler_directives={"language_level": 3, "boundscheck": False, "wraparound": False, "cdivision": True},
        build_dir="build",
    )
)

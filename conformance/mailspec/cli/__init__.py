"""The command line: one file per verb, loaded when it is used."""

from __future__ import annotations

import importlib
import traceback

import click

import mailspec
from mailspec.cli.exits import Exit
from mailspec.cli.stop import Stop

__all__ = ["main"]

#: Verbs in the order in which help shows them, with the module that has the command of the same name.
VERBS = {
    "run": "judge a target; the embedded reference server without one",
    "compare": "show several runs side by side",
    "list": "list the checks that addresses select",
    "index": "compare the ledger with the text of an RFC, sentence by sentence",
    "explain": "say what a requirement asks for and how it is checked",
    "doctor": "verify a profile step by step, with a remedy for each problem",
    "init": "write a profile by probing hosts",
    "serve": "run the reference server and its fake DNS",
    "prove": "show that every check can fail, and that none is over-strict",
}


class _Verbs(click.Group):
    """Loads a verb's module only when the verb is used, so that help and errors are quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*VERBS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return super().get_command(ctx, cmd_name)
        module = importlib.import_module(f"mailspec.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Stop as stop:
            click.echo(f"error: {stop}", err=True)
            ctx.exit(int(stop.code))
        except KeyboardInterrupt:
            click.echo("\ninterrupted", err=True)
            ctx.exit(int(Exit.INTERRUPTED))
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            # Click ends quietly where the reader of a pipe has gone.
            raise
        except Exception:  # noqa: BLE001 - whatever else comes here is a bug, and must not look like a verdict
            click.echo(f"{traceback.format_exc()}error: this is a bug of mailspec", err=True)
            ctx.exit(int(Exit.HARNESS))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(mailspec.__version__, prog_name="mailspec")
def main() -> None:
    """Say, requirement by requirement, what a mail server does against the RFCs."""

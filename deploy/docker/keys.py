"""The first job: every password and key of the installation, made once, before any server runs."""

from deploy.docker.settings import HOME, write_all
from deploy.local.credentials import Credentials


def main() -> None:
    """Make what is missing; write each program's settings."""
    write_all(Credentials(HOME.secrets))
    print("passwords, keys and settings are there")


if __name__ == "__main__":
    main()

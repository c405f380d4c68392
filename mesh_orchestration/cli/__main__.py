"""``python -m mesh_orchestration.cli``: the same as the ``mesh`` command."""

from mesh_orchestration.cli import main

if __name__ == "__main__":
    main()

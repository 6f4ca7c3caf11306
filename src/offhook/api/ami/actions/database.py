"""Actions on the database (astdb): DBGet, DBPut, DBDel and their trees."""

from __future__ import annotations

from offhook.api.ami.declare import ActionError, Listing, Request, action
from offhook.api.ami.protocol import field
from offhook.features.astdb import AstDb, AstDbError

__all__: list[str] = []


def _database(request: Request) -> AstDb:
    found = request.pbx.service(AstDb)
    if found is None:
        raise ActionError("This node has no database")
    return found


@action(
    "DBGet", "system", "reporting", missing="No family specified.", sends=("DBGetResponse", "DBGetComplete")
)
def db_get(request: Request, family: str, key: str = "") -> Listing:
    """Read an entry of the database.

    Args:
        family: its family.
        key: its key.
    """
    if not key:
        raise ActionError("No key specified.")
    value = _database(request).get(family, key)
    if value is None:
        raise ActionError("Database entry not found")
    lines = field("Family", family) + field("Key", key) + field("Val", value)
    return Listing("Result will follow", "DBGetComplete", [("DBGetResponse", lines)])


@action("DBGetTree", "system", "reporting", sends=("DBGetTreeResponse", "DBGetTreeComplete"))
def db_get_tree(request: Request, family: str = "", key: str = "") -> Listing:
    """Read all entries below a family, or a part of one.

    Args:
        family: the family; without it everything.
        key: the beginning of the keys.
    """
    items = [
        ("DBGetTreeResponse", field("Key", path) + field("Val", value))
        for path, value in _database(request).entries(family, key)
    ]
    if not items:
        raise ActionError("Database entry not found")
    return Listing("Result will follow", "DBGetTreeComplete", items)


@action("DBPut", "system", missing="No family specified")
async def db_put(request: Request, family: str, key: str = "", val: str = "") -> str:
    """Set an entry of the database.

    Args:
        family: its family.
        key: its key.
        val: its value.
    """
    if not key:
        raise ActionError("No key specified")
    try:
        on_disk = _database(request).put(family, key, val)
    except AstDbError as error:
        raise ActionError(f"Failed to update entry: {error}") from None
    if on_disk is not None:
        await on_disk
    return "Updated database successfully"


@action("DBDel", "system", missing="No family specified.")
async def db_del(request: Request, family: str, key: str = "") -> str:
    """Delete an entry of the database.

    Args:
        family: its family.
        key: its key.
    """
    if not key:
        raise ActionError("No key specified.")
    was_there, on_disk = _database(request).delete(family, key)
    if not was_there:
        raise ActionError("Database entry not found")
    if on_disk is not None:
        await on_disk
    return "Key deleted successfully"


@action("DBDelTree", "system", missing="No family specified.")
async def db_del_tree(request: Request, family: str, key: str = "") -> str:
    """Delete all entries below a family, or a part of one.

    Args:
        family: the family.
        key: the beginning of the keys.
    """
    count, on_disk = _database(request).delete_tree(family, key)
    if not count:
        raise ActionError("Database entry not found")
    if on_disk is not None:
        await on_disk
    return "Key tree deleted successfully"

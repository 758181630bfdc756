"""What is made of files leaves the storage with the last of its rows (X-5)."""

from backoffice.integrations.storage.house import storage
from backoffice.tasks.registry import actor


@actor(long=True)
def clear_products(*, kind: str, products_id: str) -> None:
    """Delete products that nobody refers to any more; ids are never given again, so that it stays so (T-2)."""
    storage().delete_prefix(f"{kind}/{products_id}")

"""What can go wrong at the wall between the store and Chroma. Every message says what to do."""


class StoreError(Exception):
    """Any failure of the store that is not a mistake in the call (those are ValueError, as in LangGraph)."""


class StoreUnavailable(StoreError):
    """Chroma cannot be read or written just now. Nothing of the call was applied; trying again later is safe."""


class BrokenCollection(StoreUnavailable):
    """Chroma answers, but the collection is damaged for good or was set aside and not filled again.

    Trying again does not help: call ``ChromaStore.rebuild`` with every record that should be there.
    """


class WrongEmbedder(StoreError):
    """The collection's vectors were made by another embedder (or with other dimensions) than the one configured."""


class StaleRecord(StoreError):
    """A versioned record was to be written over another version than the one it was read at; read again and re-apply.

    ChromaStore itself has no compare-and-swap: this is raised by stores in front of it that keep versions.
    """


class RecordErased(StoreError):
    """The account or the record was erased, and a late write wanted it back. Nothing was written, nor may it be."""

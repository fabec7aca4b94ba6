"""The only input and output of the protocol machines: asyncio connections."""

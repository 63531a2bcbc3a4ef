"""Records without a shared identifier: how alike they are, and which are one person."""

"""LangGraph under the rails: the only room that imports LangChain."""

"""Models served by vLLM on this machine: started, watched, drained."""

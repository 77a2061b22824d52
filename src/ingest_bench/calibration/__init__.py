"""Known answers: the whole way from samples to advice, tried on systems whose truth is known on paper."""

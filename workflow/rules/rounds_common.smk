def plan_of(number):
    """Return the plan of a round, once it is made."""
    return read_round(checkpoints.plan_round.get(round=number).output[0])


def before_round(number):
    """Return what the plan of a round is made from: the first pass, and all rounds of before."""
    before = [
        path
        for earlier in range(1, number)
        for path in [
            f"{RESULTS}/{plan_file(earlier)}",
            *files_of(SETTINGS, plan_of(earlier)),
        ]
    ]
    return [*CELL_FILES, *before]


def all_plans(_wildcards):
    """Return the plans of all rounds, the last of which adds nothing; none where cells are measured at one go."""
    found = []
    while SETTINGS.two_passes:
        found.append(f"{RESULTS}/{plan_file(len(found) + 1)}")
        if not plan_of(len(found)).cells:
            break
    return found


def all_pairs(wildcards):
    """Return the files of the pairs that rounds have added."""
    return [
        path
        for path in all_plans(wildcards)
        for path in files_of(SETTINGS, read_round(path))
    ]

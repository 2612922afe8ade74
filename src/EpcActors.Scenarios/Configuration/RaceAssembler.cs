using EpcActors.Kernel.Tasks;
using EpcActors.Scenarios.Text;

namespace EpcActors.Scenarios.Configuration;

/// <summary>Makes the tasks of a race of their texts, and sees that they fit together.</summary>
internal static class RaceAssembler
{
    /// <summary>Name before the colon of a line of the setup that no process of the race runs.</summary>
    public const string Administrator = "admin";

    /// <summary>One task. <paramref name="wrong"/> takes the number of an operation with what is wrong in it.</summary>
    /// <param name="names">Names that texts may use.</param>
    /// <param name="spec">The task, still without operations.</param>
    /// <param name="texts">Its operations.</param>
    /// <param name="wrong">Takes errors.</param>
    public static RaceTaskSpec Task(
        RaceNames names,
        RaceTaskSpec spec,
        IReadOnlyList<string> texts,
        Action<int, RaceTextException> wrong)
    {
        List<Operation> operations = [];
        OperationParser parser = new(names, spec.Process);
        for (int i = 0; i < texts.Count; i++)
        {
            try
            {
                Operation operation = parser.Parse(texts[i]);
                if (operation is Operation.Exit && i < texts.Count - 1)
                {
                    throw new RaceTextException(
                        texts[i],
                        0,
                        "the thread ends here, what follows is never done",
                        "put exit last");
                }

                if (operation is Operation.Touch { IsForever: true } && i < texts.Count - 1)
                {
                    throw new RaceTextException(
                        texts[i],
                        0,
                        "this never ends, what follows is never done",
                        "put it last");
                }

                operations.Add(operation);
            }
            catch (RaceTextException e)
            {
                wrong(i, e);
            }
        }

        return spec with { Operations = operations };
    }

    /// <summary>A line of the setup: <c>a: build 2</c>, by a process, a task or the administrator.</summary>
    /// <exception cref="RaceTextException">It is none.</exception>
    public static RaceTaskSpec Setup(RaceNames names, IReadOnlyList<RaceTaskSpec> tasks, string text)
    {
        int colon = text.IndexOf(": ", StringComparison.Ordinal);
        if (colon < 0)
        {
            throw new RaceTextException(
                text, 0, "no task is named for this",
                "write its name in front: 'a: build 2', or 'admin: set-max /a 4 pages'");
        }

        string who = text[..colon].Trim();
        RaceTaskSpec? task = tasks.FirstOrDefault(one => one.Name == who);
        string process = task?.Process ?? who;
        if (task is null && who == Administrator)
        {
            process = "";
        }
        else if (
            task is null
            && !names.Enclaves.Contains(who)
            && !names.Guests.Contains(who)
            && !names.Cgroups.Contains(who))
        {
            string[] known =
            [
                .. tasks.Select(one => one.Name),
                .. names.Enclaves,
                .. names.Guests,
                .. names.Cgroups,
                Administrator,
            ];
            throw new RaceTextException(
                text,
                0,
                $"there is no task and no process '{who}'",
                Suggestions.Remedy(who, known));
        }

        if (task is not null && IsForked(tasks, task))
        {
            throw new RaceTextException(
                text,
                0,
                $"{who} does not exist before it is forked",
                "let its parent's process set the stage");
        }

        int begin = colon + 2;
        try
        {
            Operation operation = new OperationParser(names, process).Parse(text[begin..]);
            return operation is Operation.Fork
                    ? throw new RaceTextException(text[begin..], 0, "a fork belongs to the race", "move it to a task")
                : operation is Operation.Exit
                    ? throw new RaceTextException(
                        text[begin..],
                        0,
                        "exit does nothing in a setup: the thread of each line ends by itself, and the process lives "
                            + "on for the race",
                        $"leave it out, or write '{who}: munmap' for a process without its address space")
                : operation is Operation.Touch { IsForever: true }
                    ? throw new RaceTextException(text[begin..], 0, "this never ends", "move it to a task")
                : new RaceTaskSpec(who, process, -1, [operation]);
        }
        catch (RaceTextException e)
        {
            throw new RaceTextException(text, begin + e.Position, e.Problem, e.Remedy);
        }
    }

    /// <summary>Forks of children that cannot be: what is wrong, by task and operation.</summary>
    public static IEnumerable<(int Task, int Operation, string Problem)> WrongForks(IReadOnlyList<RaceTaskSpec> tasks)
    {
        HashSet<int> forked = [];
        for (int i = 0; i < tasks.Count; i++)
        {
            for (int at = 0; at < tasks[i].Operations.Count; at++)
            {
                if (tasks[i].Operations[at] is not Operation.Fork fork)
                {
                    continue;
                }

                RaceTaskSpec child = tasks[fork.Child];
                string? problem =
                    fork.Child == i ? "a task cannot fork itself"
                    : child.Process != tasks[i].Process
                        ? $"the child {child.Name} runs in '{child.Process}', not in '{tasks[i].Process}'"
                    : !forked.Add(fork.Child) ? $"{child.Name} is forked twice; a task runs once"
                    : null;
                if (problem is not null)
                {
                    yield return (i, at, problem);
                }
            }
        }
    }

    private static bool IsForked(IReadOnlyList<RaceTaskSpec> tasks, RaceTaskSpec task) =>
        tasks.Any(one =>
            one.Operations.Any(operation => operation is Operation.Fork fork && tasks[fork.Child].Name == task.Name));
}

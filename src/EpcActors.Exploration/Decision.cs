namespace EpcActors.Exploration;

/// <summary>How a recorded run writes down what was decided: a task's ordinal for a step, or a choice.</summary>
public static class Decision
{
    /// <summary>Tasks have smaller ordinals.</summary>
    public const int MaxTasks = ChoiceMark;

    private const int ChoiceMark = 0x8000;

    public static bool IsChoice(ushort decision) => (decision & ChoiceMark) != 0;

    public static int PointOf(ushort decision) => (decision & ~ChoiceMark) >> 1;

    public static bool ValueOf(ushort decision) => (decision & 1) != 0;

    public static ushort OfChoice(int point, bool value) => (ushort)(ChoiceMark | (point << 1) | (value ? 1 : 0));

    /// <summary>Steps in a record.</summary>
    public static int StepsOf(ReadOnlySpan<ushort> decisions)
    {
        int steps = 0;
        foreach (ushort decision in decisions)
        {
            steps += IsChoice(decision) ? 0 : 1;
        }

        return steps;
    }

    /// <summary>Changes from one task to another in a record.</summary>
    public static int SwitchesOf(ReadOnlySpan<ushort> decisions)
    {
        int switches = 0;
        int last = -1;
        foreach (ushort decision in decisions)
        {
            if (!IsChoice(decision))
            {
                switches += last >= 0 && decision != last ? 1 : 0;
                last = decision;
            }
        }

        return switches;
    }
}

using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>Stacks of steps in the kernel's functions.</summary>
internal static class KernelFunctions
{
    /// <summary>Place of a step that no kernel function encloses.</summary>
    public static KernelFunction UserSpace { get; } = new("user space", "", false);

    /// <summary>
    /// Frames of a step as the kernel has them, outermost first: parts of a function are no frames, neither is user
    /// space.
    /// </summary>
    public static IReadOnlyList<KernelFunction> Stack(RaceStep step)
    {
        List<KernelFunction> frames = [];
        foreach (KernelFunction function in step.Stack.Select(frame => frame.Function))
        {
            // A part without its function in front (a trimmed stack) stands for the function, unless that is the frame
            // already.
            bool isFrame = !function.IsPart || (frames.Count == 0 && function.File.Length > 0);
            if (isFrame && (frames.Count == 0 || frames[^1].Name != function.Name))
            {
                frames.Add(function with { IsPart = false });
            }
        }

        return frames;
    }

    /// <summary>The innermost frame of a step.</summary>
    public static KernelFunction Innermost(RaceStep step) =>
        Stack(step) is [.., { } last] ? last : UserSpace;
}

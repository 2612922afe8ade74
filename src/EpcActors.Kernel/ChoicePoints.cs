using System.Text;

namespace EpcActors.Kernel;

/// <summary>Names of choice points.</summary>
public static class ChoicePoints
{
    /// <summary>Name in schedules and configurations: <c>ewb-fails</c>.</summary>
    public static string Name(ChoicePoint point)
    {
        StringBuilder name = new();
        foreach (char letter in point.ToString())
        {
            if (char.IsUpper(letter) && name.Length > 0)
            {
                name.Append('-');
            }

            name.Append(char.ToLowerInvariant(letter));
        }

        return name.ToString();
    }

    /// <summary>The point of that name, or null.</summary>
    public static ChoicePoint? Parse(string name)
    {
        foreach (ChoicePoint point in Enum.GetValues<ChoicePoint>())
        {
            if (Name(point) == name)
            {
                return point;
            }
        }

        return null;
    }
}

using System.Runtime.ExceptionServices;
using EpcActors.Exploration;

namespace EpcActors.Engine.Simulation.Exploring;

/// <content>
/// A task that makes the next step too goes on without being suspended in between. When its routine asks for something,
/// the step is over, and the strategy picks there and then: its own task, whose request is handled before the routine
/// has to wait for it, or another, and only then the routine is suspended. The steps, the choices and what observers
/// see are the same and come in the same order.
/// </content>
public sealed partial class ExploredEngine
{
    private const int NotPicked = -2;

    private bool _goesOn;

    // Its routine runs, in a step that this engine made.
    private TaskState? _resumed;

    // What the strategy said inside of a step, for the loop around the steps.
    private int _picked = NotPicked;

    // The end of the routine's last step was told to the observers.
    private bool _isTold;
    private ExceptionDispatchInfo? _thrown;

    /// <summary>
    /// Off for those who look at tasks between two steps: a strategy that does, a watcher, and actors of their own.
    /// </summary>
    private void BeginGoingOn(IStrategy strategy)
    {
        _goesOn = strategy.AsksExecutionOnly && Host is null && Watcher is null;
        _picked = NotPicked;
        _thrown = null;

        // A run that an error ended may have left it.
        _resumed = null;
    }

    private int TakePicked()
    {
        int picked = _picked;
        _picked = NotPicked;
        return picked;
    }

    /// <summary>Runs the task's routine on, up to something that it has to wait for.</summary>
    /// <param name="state">The task.</param>
    /// <param name="answered">Its request, answered; null: time has passed.</param>
    /// <returns>True: the observers know already that its last step is over.</returns>
    private bool Resume(TaskState state, Envelope? answered)
    {
        if (answered is null)
        {
            PassTime(state);
        }

        if (Host is not null)
        {
            Host.Run(state.Task, answered is null ? state.Task.ResumeFromTime : answered.Resume);
            return false;
        }

        _isTold = false;
        _resumed = _goesOn ? state : null;
        if (answered is null)
        {
            state.Task.ResumeFromTime();
        }
        else
        {
            answered.Resume();
        }

        _resumed = null;
        _thrown?.Throw();
        return _isTold;
    }

    /// <summary>The routine that runs has asked for something, and so its step is over: makes its next one.</summary>
    /// <param name="state">The task.</param>
    /// <returns>True: the strategy picked it, and it need not wait. False: it has to be suspended.</returns>
    private bool GoOn(TaskState state)
    {
        try
        {
            _observer?.AfterStep();
            _isTold = true;
            if (_end is not null || EndNow() is not null)
            {
                return false;
            }

            int next = _strategy!.Next(this);
            if (next != state.Ordinal)
            {
                _picked = next;
                return false;
            }

            _isTold = false;
            if (BeginStep(state) is { } envelope)
            {
                return Answer(state, envelope);
            }

            PassTime(state);
            return true;
        }
#pragma warning disable CA1031 // Not of the routine that would get this, but of a resource, an observer, a strategy.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _thrown = ExceptionDispatchInfo.Capture(error);
            return false;
        }
    }
}

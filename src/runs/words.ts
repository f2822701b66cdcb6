/** For names of runs: short, easy to say, kind. */
export const ADJECTIVES =
  "amber bold brave bright brisk calm clear clever crisp eager early fair fresh gentle glad golden happy honest jolly keen kind light lively lucky mellow merry mild modest neat nimble patient plain proud quick quiet rapid ready silver smart smooth snowy solid steady sunny swift tidy warm wise witty".split(
    " ",
  );
export const ANIMALS =
  "badger bear beaver bison crane deer dolphin dove eagle falcon finch fox gecko goose hare hawk hedgehog heron horse ibis jay koala lark lemur lion lynx magpie marten mole moose otter owl panda pelican penguin plover puffin quail rabbit raven robin seal sparrow stork swan tiger toad turtle whale wren".split(
    " ",
  );
